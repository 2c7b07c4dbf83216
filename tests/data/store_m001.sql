BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'codexlb','m001_initial','2026-11-22 20:25:05.312368+00:00');
CREATE TABLE accounts (
        id TEXT PRIMARY KEY, alias TEXT, email TEXT NOT NULL, plan TEXT NOT NULL, user_id TEXT NOT NULL,
        chatgpt_account_id TEXT NOT NULL, fedramp INTEGER NOT NULL, state TEXT NOT NULL, state_reason TEXT,
        cooling_until REAL, weight REAL NOT NULL, added_at REAL NOT NULL
    );
INSERT INTO "accounts" VALUES('0e6e6086bd1f','work','ann@example.com','plus','user-ann','workspace-1',0,'needs_login','refresh_token_reused',NULL,1.0,100.0);
INSERT INTO "accounts" VALUES('1e5e5f0d5f5e',NULL,'bob@example.com','pro','user-bob','workspace-1',1,'active',NULL,250.5,2.5,200.0);
CREATE TABLE attempts (
        exchange_id TEXT NOT NULL, number INTEGER NOT NULL, account_id TEXT, failure TEXT, status INTEGER,
        upstream_request_id TEXT, started_at REAL NOT NULL, milliseconds REAL NOT NULL,
        PRIMARY KEY (exchange_id, number)
    ) WITHOUT ROWID;
INSERT INTO "attempts" VALUES('x1',1,'0e6e6086bd1f','usage_limit',429,'req-1',80.1,120.0);
INSERT INTO "attempts" VALUES('x1',2,'1e5e5f0d5f5e',NULL,200,'req-2',80.3,4700.0);
CREATE TABLE exchanges (
        id TEXT PRIMARY KEY, process TEXT NOT NULL, opened_at REAL NOT NULL, kind TEXT NOT NULL,
        path TEXT NOT NULL, key_id TEXT, session TEXT, thread TEXT, account_id TEXT, model TEXT, effort TEXT,
        tier TEXT, client TEXT, request_bytes INTEGER NOT NULL,
        ended_at REAL, outcome TEXT, status INTEGER, input_tokens INTEGER, cached_tokens INTEGER,
        output_tokens INTEGER, reasoning_tokens INTEGER, cost_usd REAL, first_token_ms REAL, total_ms REAL,
        response_id TEXT, error TEXT
    );
INSERT INTO "exchanges" VALUES('x1','p1',80.0,'turn','/backend-api/codex/responses',NULL,NULL,NULL,'1e5e5f0d5f5e',NULL,NULL,NULL,NULL,30000,85.0,'completed',200,1200,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE homes (
        session TEXT PRIMARY KEY, account_id TEXT NOT NULL, last_used_at REAL NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "homes" VALUES('session-1','0e6e6086bd1f',95.0);
CREATE TABLE tokens (
        account_id TEXT PRIMARY KEY, access_token BLOB NOT NULL, refresh_token BLOB NOT NULL,
        id_token BLOB NOT NULL, expires_at REAL, last_refresh REAL, version INTEGER NOT NULL
    );
INSERT INTO "tokens" VALUES('0e6e6086bd1f',X'0102',X'03',X'04',5000.0,400.0,3);
INSERT INTO "tokens" VALUES('1e5e5f0d5f5e',X'05',X'06',X'07',NULL,NULL,1);
CREATE TABLE windows (
        account_id TEXT NOT NULL, minutes INTEGER NOT NULL, used_percent REAL NOT NULL, resets_at REAL,
        read_at REAL NOT NULL, PRIMARY KEY (account_id, minutes)
    ) WITHOUT ROWID;
INSERT INTO "windows" VALUES('0e6e6086bd1f',300,47.5,900.0,90.0);
INSERT INTO "windows" VALUES('0e6e6086bd1f',10080,12.0,NULL,90.0);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX homes_last_used_at ON homes (last_used_at);
CREATE INDEX exchanges_opened_at ON exchanges (opened_at);
CREATE INDEX exchanges_open ON exchanges (process, account_id) WHERE outcome IS NULL;
COMMIT;

"""What mitmweb and mitmproxy show of the traffic: loaded only where there is a list of flows to look at."""

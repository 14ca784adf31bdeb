PRAGMA user_version = 1;
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
INSERT INTO event VALUES
    (1, 1763884800.125, 'LabConfigured', '{"pool":"203.0.113.0/24","quarantine_s":60.0,"vpc":"10.0.0.0/16","reserved":["10.0.0.1"]}'),
    (2, 1763884801.5, 'EipAllocated', '{"eip_id":"eip-7x1bsvtz","address":"203.0.113.1","name":"前端","bandwidth_mbps":1,"charge_type":"TRAFFIC_POSTPAID_BY_HOUR"}'),
    (3, 1763884802.75, 'EipReleased', '{"eip_id":"eip-7x1bsvtz","address":"203.0.113.1"}');

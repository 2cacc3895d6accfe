-- Text messages to citizens, written together with the event that they tell. The text is fixed before the first attempt.
CREATE TABLE outbox (
    ticket_id BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT,
    attempts BIGINT NOT NULL,
    born_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    error TEXT,
    PRIMARY KEY (ticket_id, event_seq, kind),
    FOREIGN KEY (ticket_id, event_seq) REFERENCES ticket_events (ticket_id, seq)
);
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE state = 'waiting';
CREATE INDEX outbox_changed ON outbox (changed_at);

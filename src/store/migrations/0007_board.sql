-- What supervisors look at: running limits by unit, by moment, by whether they are supervised; and when units answered.

-- The lights of all units are counted from this index alone.
CREATE INDEX tickets_lights ON tickets (unit, duty, due_at, yellow_at, supervised) WHERE duty IS NOT NULL;
-- Lists by due moment; the id decides among the many that fall due at one midnight.
CREATE INDEX tickets_unit_due ON tickets (unit, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX tickets_unit_state ON tickets (unit, state, id);
CREATE INDEX tickets_next_due ON tickets (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX tickets_unsupervised ON tickets (due_at, id) WHERE due_at IS NOT NULL AND supervised = 0;
CREATE INDEX tickets_supervised ON tickets (due_at, id) WHERE supervised <> 0;
CREATE INDEX tickets_opened ON tickets (opened_at, id);

-- One row each time a unit answers: the limit that ran then (absent where the clock stood or none ran). Answers from
-- before this migration have none.
CREATE TABLE ticket_answers (
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    seq BIGINT NOT NULL,
    unit TEXT NOT NULL,
    due_at BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (ticket_id, seq)
);
CREATE INDEX ticket_answers_at ON ticket_answers (at);

CREATE INDEX calls_started ON calls (started_at);
CREATE INDEX surveys_ended ON surveys (state, changed_at);
CREATE INDEX survey_answers_at ON survey_answers (at, survey_id, seq);

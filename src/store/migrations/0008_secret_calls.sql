-- Whether a callback was about a secret ticket is asked for every call on a list.
CREATE INDEX surveys_call ON surveys (call_id) WHERE call_id IS NOT NULL;

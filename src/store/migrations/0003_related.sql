-- Tickets are found by what stands in a field: earlier ones of a number, those of a category or at a place, those that
-- somebody dispatched.
CREATE INDEX ticket_fields_number ON ticket_fields (value, ticket_id) WHERE slot = 'number';
CREATE INDEX ticket_fields_code ON ticket_fields (slot, code, ticket_id);
CREATE INDEX ticket_fields_unit ON ticket_fields (ticket_id) WHERE slot = 'unit';

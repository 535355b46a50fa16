-- Whether an event is among the deliveries already.
CREATE INDEX deliveries_by_id ON deliveries (id);

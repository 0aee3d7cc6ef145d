-- Something that is there before the first client.
CREATE TABLE stock (id int PRIMARY KEY, word text);
INSERT INTO stock SELECT i, 'item ' || i FROM generate_series(1, 1000) i;

-- Something that is there before the first client.
CREATE TABLE stock (id int PRIMARY KEY, word varchar(40));
INSERT INTO stock SELECT seq, concat('item ', seq) FROM seq_1_to_1000;

-- One line may settle several payments: a merged capture, a batch.
alter table parallax.match drop constraint match_pkey;
alter table parallax.match add primary key (scope, file, line, payment_id);

package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// writeReplications keeps what S3 told of replications. It may tell the same several times; the first stays.
func writeReplications(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	var rows [][]any
	for _, r := range last(o.Replications, replicationID) {
		rows = append(rows, []any{
			replicationID(r), safe(string(r.Region)), safe(r.Bucket), safe(r.Destination), safe(r.Key), safe(r.VersionID), safe(r.Operation),
			string(r.Signal), micro(r.At), moment(r.Requested), int64(r.Threshold), safe(r.Reason), o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table: "replication_event",
		columns: []string{
			"id", "region", "bucket", "destination", "key", "version_id", "operation", "signal", "at", "requested", "threshold_ns", "reason", "run_id",
		},
		conflict: `(id) do nothing`,
		rows:     rows,
	})
}

// replicationID is a digest of all that was told.
func replicationID(r audit.Replication) string {
	h := sha256.New()
	for _, part := range []string{
		string(r.Region), r.Bucket, r.Destination, r.Key, r.VersionID, r.Operation, string(r.Signal),
		micro(r.At).Format(time.RFC3339Nano), micro(r.Requested).Format(time.RFC3339Nano), strconv.FormatInt(int64(r.Threshold), 10), r.Reason,
	} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Replications returns what S3 told of the replication out of some buckets, inside a window or of requests made inside it: in
// the order of the requests, and of the telling where S3 named no request.
func (s *Store) Replications(ctx context.Context, buckets []string, w audit.Window) ([]audit.Replication, error) {
	told, err := collect(ctx, s.pool, func(row pgx.CollectableRow) (r audit.Replication, err error) {
		var requested *time.Time
		err = row.Scan(&r.Region, &r.Bucket, &r.Destination, &r.Key, &r.VersionID, &r.Operation, &r.Signal, &r.At, &requested, &r.Threshold, &r.Reason)
		utc(&r.At)
		r.Requested = instant(requested)
		return r, err
	}, `select region, bucket, destination, key, version_id, operation, signal, at, requested, threshold_ns, reason
		from parallax.replication_event
		where bucket = any($1) and (at >= $2 and at < $3 or requested >= $2 and requested < $3)
		order by coalesce(requested, at), at, id`, mapped(buckets, safe), w.From.UTC(), w.To.UTC())
	if err != nil {
		return nil, fmt.Errorf("read replications of %q: %w", buckets, err)
	}
	return told, nil
}

package aurora

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"parallax/internal/audit"
)

// Digest is what the rows of one stretch of time come to: two copies with the same number of rows and the same sum hold the
// same rows, but for a chance of one in 2^64.
type Digest struct {
	Window audit.Window
	Rows   int64
	Sum    string // of the rows' hashes
}

// Digests are the digests of some stretches of time, and what was asked for to get them.
type Digests struct {
	All     []Digest // in order of time; a stretch without rows is left out
	Version int      // major version of the server: digests of unlike versions cannot be compared
}

// minStretch is the shortest stretch, the resolution of the database.
const minStretch = time.Microsecond

// Digests sums up the rows of a window in at most n stretches of equal length, in the database itself, so that next to nothing
// is moved. Fields are the fields of record.Entry whose values count, as ledgers[].compare names them; payment id, row id and
// creation time always count. A window that is too long for limits.statement_timeout is asked for in halves.
//
// A row is hashed as its text: to PostgreSQL 1.0 and 1.00 are equal, and JSON has no hash. The error is in the words of a
// gap.
func (s Source) Digests(ctx context.Context, w audit.Window, n int, fields []string) (Digests, error) {
	s.Settings = s.Settings.withDefaults()
	if err := s.Mapping.check(); err != nil {
		return Digests{}, fmt.Errorf("sum up ledger %s in %s: %w", s.Scope, s.Region, err)
	}
	out := Digests{}
	from, to := microsecond(w.From), microsecond(w.To)
	width := max(to.Sub(from)/time.Duration(max(n, 1)), minStretch)
	if rest := width % time.Microsecond; rest > 0 {
		width += time.Microsecond - rest
	}
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var version int
		if err := tx.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
			return err
		}
		out.Version = version
		return nil
	})
	if err == nil {
		err = s.digest(ctx, &out, stretches{from: from, to: to, origin: from, width: width, end: to}, fields)
	}
	if err != nil {
		return Digests{}, s.readError(err)
	}
	return out, nil
}

// stretches is a part of the window, and how all of it is cut.
type stretches struct {
	from, to    time.Time
	origin, end time.Time // of the whole window
	width       time.Duration
}

func (s Source) digest(ctx context.Context, out *Digests, part stretches, fields []string) error {
	if !part.from.Before(part.to) {
		return nil
	}
	var found []Digest
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		found = nil
		rows, err := tx.Query(ctx, s.Mapping.digestQuery(fields), part.from, part.to, part.origin, part.width.Microseconds())
		if err != nil {
			return err
		}
		var number, count int64
		var sum string
		_, err = pgx.ForEachRow(rows, []any{&number, &count, &sum}, func() error {
			begin := part.origin.Add(time.Duration(number) * part.width)
			found = append(found, Digest{Window: audit.Window{From: begin, To: earlier(begin.Add(part.width), part.end)}, Rows: count, Sum: sum})
			return nil
		})
		return err
	})
	if half := part.half(); tooLong(err) && half.After(part.from) {
		first, second := part, part
		first.to, second.from = half, half
		if err := s.digest(ctx, out, first, fields); err != nil {
			return err
		}
		return s.digest(ctx, out, second, fields)
	}
	out.All = append(out.All, found...)
	return err
}

// half is the border between two stretches that is nearest to the middle.
func (p stretches) half() time.Time {
	middle := p.from.Add(p.to.Sub(p.from) / 2)
	return p.origin.Add(middle.Sub(p.origin).Truncate(p.width))
}

// tooLong reports that a statement reached its time limit.
func tooLong(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "57014" && strings.Contains(refused.Message, "statement timeout")
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// digestQuery sums up the rows from $1 to $2 in stretches of $4 microseconds, counted from $3.
func (m Mapping) digestQuery(fields []string) string {
	created := column(m.Columns.CreatedAt)
	names := []string{m.Columns.PaymentID, m.Columns.ID, m.Columns.CreatedAt}
	for _, field := range fields {
		names = append(names, m.Columns.named(field))
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	var values []string
	for _, name := range names {
		if name != "" {
			values = append(values, column(name)+`::text collate "C"`)
		}
	}
	// Not hash_record_extended: that adds the hashes of the columns up, each with a weight of its own, so that two rows could
	// exchange their amounts and the sum of both would stay as it was.
	hash := "hashtextextended(row(" + strings.Join(values, ", ") + `)::text collate "C", 0)`
	return fmt.Sprintf(`select (extract(epoch from (%s::timestamptz - $3::timestamptz)) * 1000000)::bigint / $4::bigint, count(*), sum(%s)::text
from %s where %s >= $1::timestamptz and %s < $2::timestamptz and %s is not null group by 1 order by 1`,
		created, hash, m.relation(), created, created, column(m.Columns.PaymentID))
}

// named is the column of a field that is compared.
func (c Columns) named(field string) string {
	switch field {
	case "amount_minor", "amount":
		return c.AmountMinor + c.Amount // one of the two is empty
	case "currency":
		return c.Currency
	case "status":
		return c.Status
	case "network":
		return c.Network
	case "network_reference":
		return c.NetworkReference
	case "rrn":
		return c.RRN
	case "auth_code":
		return c.AuthCode
	case "idempotency_key":
		return c.IdempotencyKey
	default:
		return c.Extra[field]
	}
}

// Differ lists the stretches in which two copies differ, in order of time. Both must have been summed up alike.
func Differ(a, b []Digest) []audit.Window {
	var out []audit.Window
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Window.From.Before(b[0].Window.From):
			out, a = append(out, a[0].Window), a[1:]
		case len(a) == 0 || b[0].Window.From.Before(a[0].Window.From):
			out, b = append(out, b[0].Window), b[1:]
		default:
			if a[0].Rows != b[0].Rows || a[0].Sum != b[0].Sum {
				out = append(out, a[0].Window)
			}
			a, b = a[1:], b[1:]
		}
	}
	return out
}

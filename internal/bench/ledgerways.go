package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// ourTie compares by one of our methods.
func ourTie(ctx context.Context, way, left, right string, out io.Writer) error {
	stop, err := profile()
	if err != nil {
		return err
	}
	defer stop()
	method := map[string]aurora.Method{"checksums": aurora.MethodChecksums, "merge": aurora.MethodMerge}[way]
	var sources [2]aurora.Source
	for i, dsn := range []string{left, right} {
		settings := aurora.Settings{StatementTimeout: time.Minute}
		pool, err := aurora.Open(ctx, aurora.Options{DSN: dsn, Settings: settings})
		if err != nil {
			return err
		}
		defer pool.Close()
		sources[i] = aurora.Source{Scope: "bench", Region: regions[i], DB: pool, Settings: settings, Mapping: aurora.Mapping{
			Table: "payments", Columns: aurora.Columns{ID: "id", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency",
				Status: "status", CreatedAt: "created_at"},
		}}
	}
	start := time.Now()
	window := audit.Window{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	r, err := aurora.Compare(ctx, sources[0], sources[1], window, aurora.CompareOptions{Fields: []string{"amount_minor", "currency", "status"}, Method: method})
	if err != nil {
		return err
	}
	for _, gap := range slices.Concat(r.LeftRead.Gaps, r.RightRead.Gaps) {
		return fmt.Errorf("not read: %s", gap.Reason)
	}
	if r.Method != method || r.Equal+int64(len(r.Left)) != r.LeftRead.Records {
		return fmt.Errorf("compared by %s, %s: %d of %d rows equal, %d not", r.Method, r.Why, r.Equal, r.LeftRead.Records, len(r.Left))
	}
	t := tied{Seconds: time.Since(start).Seconds(), Bytes: r.Bytes}
	sum := newFindings()
	for side, rows := range [][]record.Entry{r.Left, r.Right} {
		for _, e := range rows {
			sum.add(side, e.CreatedAt.UnixMicro(), []byte(e.PaymentID), []byte(e.Status))
		}
	}
	return sum.print(t, out)
}

// findings sums up rows that differ, whatever their order.
type findings struct {
	rows int64
	sum  uint64
}

func newFindings() *findings { return &findings{} }

func (f *findings) add(side int, at int64, key, status []byte) {
	h := fnv.New64a()
	_, _ = h.Write(binary.BigEndian.AppendUint64([]byte{byte(side)}, uint64(at))) //nolint:gosec // two numbers, only to tell rows apart
	_, _ = h.Write(append(append(slices.Clone(key), 0), status...))
	f.rows++
	f.sum += h.Sum64()
}

func (f *findings) print(t tied, out io.Writer) error {
	t.Rows, t.Checksum = f.rows, fmt.Sprintf("%016x", f.sum)
	return json.NewEncoder(out).Encode(t)
}

// bareTie merges the raw values of two ordered statements.
func bareTie(ctx context.Context, left, right string, out io.Writer) error {
	var sides [2]*bareRows
	start := time.Now()
	for i, dsn := range []string{left, right} {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(ctx) }()
		rows, err := conn.Query(ctx, `select created_at, payment_id, id, amount_minor, currency, status from payments
			where created_at >= '2026-11-01' and created_at < '2026-12-01' order by created_at, payment_id collate "C"`)
		if err != nil {
			return err
		}
		sides[i] = &bareRows{rows: rows}
		sides[i].next()
	}
	l, r, sum := sides[0], sides[1], newFindings()
	for l.values != nil || r.values != nil {
		switch order := compareBare(l.values, r.values); {
		case order < 0:
			l.emit(0, sum)
			l.next()
		case order > 0:
			r.emit(1, sum)
			r.next()
		default:
			if !slices.EqualFunc(l.values, r.values, bytes.Equal) {
				l.emit(0, sum)
				r.emit(1, sum)
			}
			l.next()
			r.next()
		}
	}
	for _, side := range sides {
		if err := side.rows.Err(); err != nil {
			return err
		}
	}
	return sum.print(tied{Seconds: time.Since(start).Seconds(), Bytes: l.bytes + r.bytes}, out)
}

// bareRows is one side: raw values, in PostgreSQL's binary form.
type bareRows struct {
	rows   pgx.Rows
	values [][]byte
	bytes  int64
}

func (b *bareRows) next() {
	b.values = nil
	if !b.rows.Next() {
		return
	}
	b.values = b.rows.RawValues()
	b.bytes += 7 // the message's head, and a length for each value
	for _, v := range b.values {
		b.bytes += 4 + int64(len(v))
	}
}

// postgresEpoch is what PostgreSQL counts microseconds from.
var postgresEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (b *bareRows) emit(side int, sum *findings) {
	at := int64(binary.BigEndian.Uint64(b.values[0])) + postgresEpoch.UnixMicro() //nolint:gosec // as PostgreSQL sends it
	sum.add(side, at, b.values[1], b.values[5])
}

// compareBare orders by time and key; a side that has ended comes last. Times after 2000 are positive, so that their bytes
// have the order of the numbers.
func compareBare(l, r [][]byte) int {
	switch {
	case l == nil:
		return 1
	case r == nil:
		return -1
	}
	if order := bytes.Compare(l[0], r[0]); order != 0 {
		return order
	}
	return bytes.Compare(l[1], r[1])
}

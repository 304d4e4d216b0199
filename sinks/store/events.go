package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// ErrTampered says that the history of findings is not as it was written.
var ErrTampered = errors.New("the history was changed")

// event is one entry of the chain.
type event struct {
	Seq         int64
	Fingerprint audit.Fingerprint
	Run         *string // nil for what a person did
	At          time.Time
	Actor       string
	Action      string
	From, To    audit.Status
	Note        string
	Prev, Hash  []byte
}

const eventColumns = `seq, fingerprint, run_id, at, actor, action, from_status, to_status, note, prev_hash, hash`

// digest is SHA-256 over the hash of the entry before and every field of this one, each preceded by its length as eight
// bytes, so that no two entries write the same bytes. A missing run differs from an empty one by a leading sign.
func (e event) digest() []byte {
	run := "-"
	if e.Run != nil {
		run = "+" + *e.Run
	}
	h := sha256.New()
	for _, field := range []string{
		string(e.Prev), strconv.FormatInt(e.Seq, 10), string(e.Fingerprint), run, strconv.FormatInt(e.At.UnixMicro(), 10),
		e.Actor, e.Action, string(e.From), string(e.To), e.Note,
	} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(field))) // a hash takes everything
		h.Write([]byte(field))
	}
	return h.Sum(nil)
}

// head is the newest entry of the chain; the zero head precedes the first.
type head struct {
	Seq  int64
	Hash []byte
}

func readHead(ctx context.Context, tx pgx.Tx) (head, error) {
	h := head{Hash: make([]byte, sha256.Size)}
	err := tx.QueryRow(ctx, `select seq, hash from parallax.finding_event order by seq desc limit 1`).Scan(&h.Seq, &h.Hash)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return h, err
}

// appendEvents binds events to the chain and writes them. The caller holds the commit lock.
func appendEvents(ctx context.Context, tx pgx.Tx, events []event) error {
	if len(events) == 0 {
		return nil
	}
	last, err := readHead(ctx, tx)
	if err != nil {
		return err
	}
	rows := make([][]any, 0, len(events))
	for _, e := range events {
		e.Seq, e.Prev = last.Seq+1, last.Hash
		e.Hash = e.digest()
		last = head{Seq: e.Seq, Hash: e.Hash}
		rows = append(rows, []any{
			e.Seq, string(e.Fingerprint), e.Run, e.At, e.Actor, e.Action, string(e.From), string(e.To), e.Note, e.Prev, e.Hash,
		})
	}
	columns := []string{
		"seq", "fingerprint", "run_id", "at", "actor", "action", "from_status", "to_status", "note", "prev_hash", "hash",
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"parallax", "finding_event"}, columns, pgx.CopyFromRows(rows))
	return err
}

// Chain is the state of a history that was found sound. Kept elsewhere, it proves later that nothing was cut off the end.
type Chain struct {
	Events int64
	Head   string // hash of the newest entry, hexadecimal; empty without entries
}

// VerifyEvents recomputes the chain of the whole history and holds it against the findings and the runs. ErrTampered says
// where the first entry is that was changed, removed or slipped in; any other error says that it could not be read.
func (s *Store) VerifyEvents(ctx context.Context) (Chain, error) {
	var c Chain
	err := s.pool.begin(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		if c, err = walk(ctx, tx); err != nil {
			return err
		}
		return anchored(ctx, tx)
	})
	if err != nil {
		return Chain{}, fmt.Errorf("verify events: %w", err)
	}
	return c, nil
}

// walk recomputes every hash from the first entry on.
func walk(ctx context.Context, tx pgx.Tx) (Chain, error) {
	rows, err := tx.Query(ctx, `select `+eventColumns+` from parallax.finding_event order by seq`)
	if err != nil {
		return Chain{}, err
	}
	var c Chain
	prev := make([]byte, sha256.Size)
	for rows.Next() {
		e, err := pgx.RowToStructByPos[event](rows)
		if err != nil {
			rows.Close()
			return Chain{}, err
		}
		c.Events++
		if e.Seq != c.Events || string(e.Prev) != string(prev) || string(e.Hash) != string(e.digest()) {
			rows.Close()
			return Chain{}, fmt.Errorf("%w: event %d (finding %s) does not follow from the one before it", ErrTampered, e.Seq, e.Fingerprint)
		}
		prev = e.Hash
		c.Head = hex.EncodeToString(e.Hash)
	}
	return c, rows.Err()
}

// anchored finds what a sound chain cannot show: an end that was cut off, and a finding whose status no event explains.
func anchored(ctx context.Context, tx pgx.Tx) error {
	for _, q := range []struct{ sql, says string }{
		{`select run_id from parallax.run r where events_head is not null
			and not exists (select from parallax.finding_event e where e.hash = r.events_head) limit 1`,
			"the event that was the newest after run %s is gone"},
		{`select f.fingerprint from parallax.finding f left join lateral (
				select to_status from parallax.finding_event e where e.fingerprint = f.fingerprint order by seq desc limit 1
			) last on true where f.status is distinct from last.to_status limit 1`,
			"no event explains the status of finding %s"},
	} {
		var name string
		switch err := tx.QueryRow(ctx, q.sql).Scan(&name); {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return err
		default:
			return fmt.Errorf("%w: "+q.says, ErrTampered, name)
		}
	}
	return nil
}

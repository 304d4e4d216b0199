// Package sift matches ledgers and files of any size with reconcile's judge, in bounded memory.
//
// Nearly all payments of a large day settle as they should: one row, one line, nothing else that shares a key with either. Such
// a pair cannot touch any other row, so it can be judged by itself and forgotten. The sieve finds these pairs by the hashes of
// all keys, has the judge confirm them some thousands at a time, and adds up what it says of them. Everything else, and
// everything that shares any key with it, is judged together at the end.
//
// The law: what is added up of the pairs, together with what the judge says of the rest, is what it would have said of
// everything. A hash is never trusted: rows that fall together by chance go to the rest.
package sift

import (
	"context"
	"errors"
	"fmt"
	"math"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/reconcile"
)

// Stream yields rows one after the other and returns yield's error if it gives one. It can be called again and yields the same
// rows in the same order every time; a row that was yielded is not changed afterwards. See Log for sources that cannot.
type Stream[T any] func(ctx context.Context, yield func(T) error) error

// Defaults.
const (
	DefaultMemory      = 512 << 20
	DefaultSmall       = 50_000
	DefaultMaxResidual = 300_000
	minMemory          = 32 << 20
)

// ErrTooManyResidual means that more rows disagree than may be held at once.
var ErrTooManyResidual = errors.New("too many rows do not agree")

// Sieve is how to match large sets. The zero values of all but Auditor are usable.
type Sieve struct {
	Auditor reconcile.Auditor // of its rules, MaxRows does not matter: see MaxResidual

	Memory      int64  // bytes for what it holds at once, the rows that the judge looks at among it; 0: DefaultMemory
	Dir         string // where temporary files go; "" is the system's folder for such. They have no name.
	Small       int    // up to so many rows of both sides together go to the judge at once; 0: DefaultSmall, negative: none
	MaxResidual int    // how many rows may be left over; 0: DefaultMaxResidual

	// Matches gets the match records, some at a time, in no particular order; nil: they are counted only. Those of a run that
	// ends with an error count for nothing.
	Matches  func([]audit.Match) error
	Progress func(step string, rows int64) // called now and then, by several goroutines; nil: not at all
}

// Stats say what came of the sifting.
type Stats struct {
	Entries, Lines int64 // read
	Pairs          int64 // judged by themselves
	Residual       int64 // rows judged together
	Spilled        int64 // bytes of temporary files
}

// Match is reconcile.Auditor.Match over two streams. Entries and Lines of the input must be empty: the streams are read
// instead of them, two or three times. Result.Matches is empty: see Sieve.Matches. Its errors are those of the streams and of
// the judge, and ErrTooManyResidual.
func (s Sieve) Match(ctx context.Context, in reconcile.Input, ledger Stream[record.Entry], lines Stream[record.SettlementLine]) (reconcile.Result, Stats, error) {
	s = s.withDefaults()
	if len(in.Entries)+len(in.Lines) > 0 {
		return reconcile.Result{}, Stats{}, errors.New("sift: rows are given by the streams only")
	}
	if err := s.Auditor.Rules.Check(); err != nil {
		return reconcile.Result{}, Stats{}, fmt.Errorf("match %s: %w", s.Auditor.Rules.Feed, err)
	}
	entries, few, small, err := s.few(ctx, ledger, lines)
	if err != nil {
		return reconcile.Result{}, Stats{}, err
	}
	if !small {
		return s.sift(ctx, in, ledger, lines)
	}
	in.Entries, in.Lines = entries, few
	stats := Stats{Entries: int64(len(entries)), Lines: int64(len(few)), Residual: int64(len(entries) + len(few))}
	result, err := s.last(in)
	return result, stats, err
}

func (s Sieve) withDefaults() Sieve {
	if s.Memory <= 0 {
		s.Memory = DefaultMemory
	}
	s.Memory = max(s.Memory, minMemory)
	if s.Small == 0 {
		s.Small = DefaultSmall
	}
	if s.MaxResidual <= 0 {
		s.MaxResidual = DefaultMaxResidual
	}
	s.MaxResidual = min(s.MaxResidual, math.MaxInt32)
	s.Auditor.Rules.MaxRows = math.MaxInt // what is held at once is bounded here
	if s.Progress == nil {
		s.Progress = func(string, int64) {}
	}
	return s
}

var errMany = errors.New("more than a few rows")

// few returns all rows, if they are few.
func (s Sieve) few(ctx context.Context, ledger Stream[record.Entry], lines Stream[record.SettlementLine]) (_ []record.Entry, _ []record.SettlementLine, small bool, _ error) {
	entries, err := atMost(ctx, ledger, s.Small)
	if err != nil {
		return nil, nil, false, few(err, "ledger")
	}
	all, err := atMost(ctx, lines, s.Small-len(entries))
	if err != nil {
		return nil, nil, false, few(err, "files")
	}
	return entries, all, true, nil
}

func few(err error, side string) error {
	if errors.Is(err, errMany) {
		return nil
	}
	return fmt.Errorf("read the %s: %w", side, err)
}

func atMost[T any](ctx context.Context, rows Stream[T], n int) ([]T, error) {
	if n < 0 {
		return nil, errMany
	}
	var out []T
	err := rows(ctx, func(row T) error {
		if len(out) == n {
			return errMany
		}
		out = append(out, row)
		return nil
	})
	return out, err
}

// last judges rows together, and hands their match records over.
func (s Sieve) last(in reconcile.Input) (reconcile.Result, error) {
	result, err := s.Auditor.Match(in)
	if err != nil {
		return reconcile.Result{}, err
	}
	return result, s.hand(&result)
}

// hand gives a result's match records away.
func (s Sieve) hand(r *reconcile.Result) error {
	matches := r.Matches
	r.Matches = nil
	if s.Matches == nil || len(matches) == 0 {
		return nil
	}
	if err := s.Matches(matches); err != nil {
		return fmt.Errorf("hand over matches: %w", err)
	}
	return nil
}

func (s Sieve) sift(ctx context.Context, in reconcile.Input, ledger Stream[record.Entry], lines Stream[record.SettlementLine]) (reconcile.Result, Stats, error) {
	p, err := s.pairUp(ctx, in, ledger, lines)
	if err != nil {
		return reconcile.Result{}, Stats{}, err
	}
	t, err := s.takePairs(ctx, in, p, ledger, lines)
	stats := Stats{
		Entries: p.entries.rows, Lines: p.lines.rows, Pairs: t.pairs, Residual: int64(t.entries.count + t.lines.count), Spilled: p.spilled + t.spilled,
	}
	if err != nil {
		return reconcile.Result{}, stats, err
	}
	if stats.Residual > int64(s.MaxResidual) {
		return reconcile.Result{}, stats, fmt.Errorf("match %d ledger rows with %d lines of %s: %w: %d of them, at most %d may be judged together",
			stats.Entries, stats.Lines, s.Auditor.Rules.Feed, ErrTooManyResidual, stats.Residual, s.MaxResidual)
	}
	in.Entries, in.Lines = t.entries.inOrder(), t.lines.inOrder()
	rest, err := s.last(in)
	if err != nil {
		return reconcile.Result{}, stats, err
	}
	return t.sum.with(rest, in.Window, s.Auditor.Rules.Feed), stats, nil
}

// maxRows is how many rows a side may have: their numbers are kept in 32 bits.
const maxRows = math.MaxUint32 - 2

package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/reconcile/sift"
	"parallax/sinks/report"
	"parallax/sources/ledgerfile"
)

// census is what a first reading of a ledger file tells: how many rows the settlement file is expected to settle, and what
// their statuses mean.
type census struct {
	rows     int64
	statuses Statuses
	days     span // on which its payments were made
	leftOut  []audit.Exclusion
}

// progressEvery is after how many rows progress is told.
const progressEvery = 1 << 16

// progress tells how many rows were read; nobody knows how many there are.
func (o MatchOptions) progress(what string, done int64) { o.Progress(what, done, 0) }

// census reads the whole ledger once. A row that cannot be read is found here, before anything is compared.
func (o MatchOptions) census(ctx context.Context, ledger *ledgerfile.File) (census, error) {
	var c census
	words, networks := map[string]string{}, map[string]int64{} // of each status, a payment that has it; of each network, its rows
	var read int64
	err := ledger.Each(ctx, func(e record.Entry) error {
		if read++; read%progressEvery == 0 {
			o.progress("reading "+ledger.Name, read)
		}
		networks[e.Network]++
		if o.Network != "" && e.Network != o.Network {
			return nil
		}
		c.rows++
		c.days.add(dayOf(e.CreatedAt))
		if _, seen := words[e.Status]; !seen {
			words[e.Status] = e.PaymentID
		}
		return nil
	})
	if err == nil {
		err = o.oneNetwork(networks, c.rows)
	}
	if err == nil {
		c.statuses, err = o.Statuses.sort(words)
	}
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		if o.Network != "" && name != o.Network {
			c.leftOut = append(c.leftOut, audit.Exclusion{Reason: fmt.Sprintf("payments of network %q", pan.Mask(name)), Records: networks[name]})
		}
	}
	return c, err
}

// oneNetwork refuses a ledger of several networks without a word which of them the file settles: every payment of the others
// would look missing.
func (o MatchOptions) oneNetwork(networks map[string]int64, rows int64) error {
	var quoted []string
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		quoted = append(quoted, cmp.Or(pan.Mask(name), "(none)"))
	}
	names := strings.Join(quoted, ", ")
	switch {
	case o.Network != "" && networks[""] > 0:
		return fmt.Errorf("holds %d payments that name no network, which the file may settle or not: fill them in", networks[""])
	case o.Network == "" && len(networks) > 1:
		return fmt.Errorf("holds payments of several networks (%s): say with --network which of them the file settles", names)
	case o.Network != "" && len(networks) > 0 && rows == 0:
		return fmt.Errorf("holds no payment of network %q, only of %s", o.Network, names)
	}
	return nil
}

// rows are the rows that the file is expected to settle.
func (o MatchOptions) rows(ledger *ledgerfile.File) sift.Stream[record.Entry] {
	return func(ctx context.Context, yield func(record.Entry) error) error {
		return ledger.Each(ctx, func(e record.Entry) error {
			if o.Network != "" && e.Network != o.Network {
				return nil
			}
			return yield(e)
		})
	}
}

// maxDisagreeing is how many rows of both files may disagree with one another; beyond it the files are hardly of one day.
const maxDisagreeing = 2_000_000

// sieve matches files of any size.
type sieve struct{ sift.Sieve }

func (o MatchOptions) sieve(c census, t *report.TieOut, pairs bool) sieve {
	s := sift.Sieve{
		Auditor: reconcile.Auditor{Rules: reconcile.Rules{
			Scope: "ledger", Feed: o.feed(), Charged: c.statuses.Charged, Refused: c.statuses.Refused, Exponent: exponent,
		}},
		Memory: int64(o.MemoryMiB) << 20, MaxResidual: maxDisagreeing,
		Progress: o.progress,
		Matches:  func(m []audit.Match) error { t.Pairings += int64(len(m)); return nil },
	}
	if pairs {
		s.Matches = func(m []audit.Match) error {
			t.Pairings += int64(len(m))
			if room := report.MaxPairings - len(t.Matches); room > 0 {
				t.Matches = append(t.Matches, m[:min(room, len(m))]...)
			}
			return nil
		}
	}
	return sieve{s}
}

// match returns the result alone. Pairings come in no order from the sieve, and are put in that of the file's lines.
func (s sieve) match(ctx context.Context, in reconcile.Input, ledger sift.Stream[record.Entry], lines sift.Stream[record.SettlementLine]) (reconcile.Result, error) {
	result, _, err := s.Match(ctx, in, ledger, lines)
	return result, err
}

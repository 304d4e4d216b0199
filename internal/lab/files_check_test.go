package lab

import (
	"bytes"
	stdcsv "encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parallax/internal/lab/cardfile"
	"parallax/internal/lab/cardfile/cardfiletest"
)

// charge is a line as a file holds it.
type charge struct {
	file, reference, rrn, auth, currency string
	minor                                int64
}

// checkFiles reads the networks' files back, adds their totals up again, and ties them out against the ledger in force.
func checkFiles(t *testing.T, w *World, l ledgers) {
	charges := slices.Concat(
		readIPM(t, w, "mastercard-20261118.ipm", cardfile.EBCDIC, true),
		readIPM(t, w, "mastercard-20261119.ipm", cardfile.ASCII, false),
		readCSV(t, w, "acquirer-visa-20261118.csv"),
		readCSV(t, w, "acquirer-visa-20261119.csv"),
	)
	if !bytes.Equal(readFile(t, w, resent), readFile(t, w, resentAs)) {
		t.Error("the resent file is not the same")
	}
	same(t, w, "file.duplicate", map[string]bool{resentAs: true})
	tieOut(t, w, l, charges)
}

func tieOut(t *testing.T, w *World, l ledgers, charges []charge) {
	byReference, byRRN := map[string][]row{}, map[string][]row{}
	for _, r := range l.london {
		if r.reference != "" {
			byReference[r.reference] = append(byReference[r.reference], r)
		} else {
			byRRN[r.rrn+r.auth] = append(byRRN[r.rrn+r.auth], r)
		}
	}
	found := map[string]map[string]bool{}
	note := func(kind, key string) {
		if found[kind] == nil {
			found[kind] = map[string]bool{}
		}
		found[kind][key] = true
	}
	lines := map[string]int{}
	settled := map[string]bool{}
	for _, c := range charges {
		if lines[c.reference]++; lines[c.reference] == 2 {
			note("duplicate_in_network", c.reference)
		}
		rows := slices.Concat(byReference[c.reference], byRRN[c.rrn+c.auth])
		if len(rows) == 0 {
			note("missing_in_ledger", c.reference)
		}
		if len(rows) > 1 {
			note("duplicate_in_ledger", c.reference)
		}
		for _, r := range rows {
			settled[r.payment] = true
			switch {
			case r.status == "declined":
				note("status_mismatch", c.reference)
			case r.currency != c.currency:
				note("currency_mismatch", c.reference)
			case r.minor != c.minor:
				note("amount_mismatch", c.reference)
			}
		}
	}
	for _, r := range l.london {
		if r.status != "declined" && !settled[r.payment] {
			note("missing_in_network", r.payment)
		}
	}
	for _, kind := range []string{
		"duplicate_in_network", "missing_in_ledger", "duplicate_in_ledger", "status_mismatch", "currency_mismatch", "amount_mismatch", "missing_in_network",
	} {
		same(t, w, "settlement."+kind, found[kind])
	}
}

func readIPM(t *testing.T, w *World, name string, encoding cardfile.Encoding, blocked bool) (charges []charge) {
	t.Helper()
	messages, err := cardfiletest.ReadIPM(readFile(t, w, name), encoding, blocked)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var sum int64
	for _, m := range messages[1 : len(messages)-1] {
		c := charge{file: name, reference: m[63], rrn: m[37], auth: m[38]}
		c.currency = map[string]string{"978": "EUR", "826": "GBP", "392": "JPY"}[m[49]]
		if c.minor, err = strconv.ParseInt(m[4], 10, 64); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum += c.minor
		charges = append(charges, c)
	}
	if len(charges) == 0 {
		t.Errorf("%s is empty", name)
	}
	trailer := messages[len(messages)-1]
	for tag, want := range map[int]string{301: fmt.Sprintf("%016d", sum), 306: fmt.Sprintf("%08d", len(messages))} {
		if got, err := cardfiletest.Private(trailer[48], tag); err != nil || got != want {
			t.Errorf("%s: PDS%04d is %q, not %q: %v", name, tag, got, want, err)
		}
	}
	return charges
}

func readCSV(t *testing.T, w *World, name string) (charges []charge) {
	t.Helper()
	rows, err := stdcsv.NewReader(bytes.NewReader(readFile(t, w, name))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var sum int64
	for _, r := range rows[1 : len(rows)-1] {
		minor, err := strconv.ParseInt(strings.ReplaceAll(r[4], ".", ""), 10, 64) // two digits after the point, or no point
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum += minor
		charges = append(charges, charge{file: name, reference: r[0], rrn: r[1], auth: r[2], currency: r[5], minor: minor})
	}
	if len(charges) == 0 {
		t.Errorf("%s is empty", name)
	}
	trailer := rows[len(rows)-1]
	if trailer[0] != "TRAILER" || trailer[1] != strconv.Itoa(len(charges)) || trailer[4] != strconv.FormatInt(sum, 10) {
		t.Errorf("%s: trailer %v for %d rows and a sum of %d", name, trailer, len(charges), sum)
	}
	return charges
}

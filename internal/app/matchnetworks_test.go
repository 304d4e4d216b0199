package app

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

func TestFeedOfAnotherNameIsAGap(t *testing.T) {
	at := time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)
	rows := []record.Entry{{Network: "MASTERCARD", CreatedAt: at}, {Network: "MASTERCARD", CreatedAt: at}, {Network: "visa", CreatedAt: at}}
	carried, others := ofNetwork(rows, "mastercard")
	gap, wrong := wrongName("mastercard", 2, carried, others, audit.At(at))
	if !wrong || gap.Reason != `feed "mastercard" has 2 lines, but no row of the ledger is of that network, only of MASTERCARD (2), visa (1)` || gap.Remedy == "" {
		t.Errorf("gap %+v, %v", gap, wrong)
	}
	for feed, lines := range map[string]int{"visa": 2, "mastercard": 0} {
		carried, others := ofNetwork(rows, feed)
		if gap, wrong := wrongName(feed, lines, carried, others, audit.At(at)); wrong {
			t.Errorf("%s with %d lines gave %+v", feed, lines, gap)
		}
	}
	if carried, others := ofNetwork([]record.Entry{{}}, "visa"); len(carried) != 1 || len(others) != 0 {
		t.Error("a row without a network belongs to every feed")
	}
}

func TestPaymentsThatNoFeedCarriesAreAGap(t *testing.T) {
	at := time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)
	w := audit.Window{From: at.Add(-time.Hour), To: at.Add(time.Hour)}
	l := config.Ledger{Name: "payments", Statuses: config.Statuses{Charged: []string{"captured"}}}
	rows := []record.Entry{
		{Network: "visa", Status: "captured", CreatedAt: at}, {Network: "amex", Status: "captured", CreatedAt: at},
		{Network: "jcb", Status: "declined", CreatedAt: at}, {Network: "jcb", Status: "captured", CreatedAt: at.Add(-2 * time.Hour)},
		{Status: "captured", CreatedAt: at},
	}
	c, found := uncarried(l, []string{"visa"}, rows, w)
	if !found || c.Complete() || c.Gaps[0].Reason != "no feed is configured for 1 charged payments of ledger payments: amex (1)" {
		t.Errorf("coverage %+v, %v", c, found)
	}
	if c, found := uncarried(l, []string{"visa", "amex"}, rows, w); found {
		t.Errorf("coverage %+v", c)
	}
	l.NoFile = []string{"amex"}
	if c, found := uncarried(l, []string{"visa"}, rows, w); found {
		t.Errorf("a network that needs no file: %+v", c)
	}
	if _, found := uncarried(l, nil, rows, w); !found {
		t.Error("a ledger without any feed is told")
	}
}

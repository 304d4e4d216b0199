package ledger_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

// row is an entry in the short form of the golden files; times are clock times of one day.
type row struct {
	ID, Pay, Status, At, Upd, Owner string
	Minor                           int64
	Extra                           map[string]string
}

func (r row) entry(t *testing.T, region audit.Region, w record.Witness) record.Entry {
	e := record.Entry{
		Region: region, Witness: w, ID: r.ID, PaymentID: r.Pay, Status: r.Status,
		Amount: money.Amount{Minor: r.Minor, Currency: "EUR"}, CreatedAt: golden.Clock(t, r.At), OwnerRegion: audit.Region(r.Owner), Extra: r.Extra,
	}
	if r.Upd != "" {
		e.UpdatedAt = golden.Clock(t, r.Upd)
	}
	return e
}

func entries(t *testing.T, section []byte, region audit.Region, w record.Witness) []record.Entry {
	rows := golden.Lines[row](t, section)
	if rows == nil {
		return nil
	}
	out := []record.Entry{}
	for _, r := range rows {
		out = append(out, r.entry(t, region, w))
	}
	return out
}

// copies are what the sections of a file make of the ledger: a reader, and snapshots of old primaries, each of its region.
func copies(t *testing.T, s map[string][]byte) []ledger.Copy {
	if s["writer"] == nil {
		return nil // nothing to hold the others against
	}
	var out []ledger.Copy
	writer := entries(t, s["writer"], "eu-west-2", record.Writer)
	for _, other := range []struct {
		section string
		region  audit.Region
		witness record.Witness
	}{
		{"reader", "eu-west-1", record.Reader}, {"third", "eu-central-1", record.Reader},
		{"snapshot", "eu-west-1", record.Snapshot}, {"snapshot of eu-west-2", "eu-west-2", record.Snapshot},
	} {
		if rows := entries(t, s[other.section], other.region, other.witness); rows != nil {
			out = append(out, ledger.Copy{Region: other.region, Witness: other.witness, Writer: writer, Rows: rows})
		}
	}
	return out
}

// promotion is a failover in the short form of the golden files.
type promotion struct{ From, To, At, Error string }

func promotions(t *testing.T, section []byte) []ledger.Promotion {
	var out []ledger.Promotion
	for _, p := range golden.Lines[promotion](t, section) {
		off, err := time.ParseDuration(p.Error)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, ledger.Promotion{From: audit.Region(p.From), To: audit.Region(p.To), At: golden.Clock(t, p.At), Error: off})
	}
	return out
}

func TestAudit(t *testing.T) {
	golden.Run(t, func(t *testing.T, s map[string][]byte) audit.Judgement {
		rules := ledger.Rules{Scope: "payments", Margin: 30 * time.Second, Compare: []string{"amount_minor", "currency", "status"}}
		if clock := strings.TrimSpace(string(s["clock"])); clock != "" {
			var err error
			if rules.Clock, err = time.ParseDuration(clock); err != nil {
				t.Fatal(err)
			}
		}
		if compare := strings.Fields(string(s["compare"])); len(compare) > 0 {
			rules.Compare = compare
		}
		window := audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "15:00:00")}
		if s["dublin"] != nil {
			rules.Charged = []string{"captured"}
			rows := append(entries(t, s["dublin"], "eu-west-1", record.Writer), entries(t, s["london"], "eu-west-2", record.Writer)...)
			return ledger.ShardAuditor{Rules: rules}.Audit(ledger.ShardInput{Window: window, AsOf: window.To, Rows: rows})
		}
		return ledger.Auditor{Rules: rules}.Audit(ledger.Input{
			Window: window, AsOf: window.To, Writer: audit.Region(cmp.Or(strings.TrimSpace(string(s["in force"])), "eu-west-2")),
			Copies: copies(t, s), Promotions: promotions(t, s["promotions"]),
		})
	})
}

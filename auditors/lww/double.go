package lww

import (
	"fmt"
	"slices"
	"strconv"

	"parallax/internal/audit"
)

// twins are two inserts of one key, one in each region.
type twins struct {
	a, b     *chain
	i, j     int
	kept     *chain    // whose insert the table kept; nil while it has not decided
	replaced *conflict // where the loss shows, if it does yet
	verdict  audit.Verdict
	doubt    string
}

// order puts the insert that was lost, or is likely to be, first: last writer wins, so the earlier one.
func (t twins) order() twins {
	swap := t.kept == t.a
	if t.kept == nil {
		swap = t.b.states[t.j].at.Before(t.a.states[t.i].at)
	}
	if swap {
		t.a, t.b, t.i, t.j = t.b, t.a, t.j, t.i
	}
	return t
}

func (h *history) doubleAccept(t twins) audit.Finding {
	t = t.order()
	first, second := &t.a.states[t.i], &t.b.states[t.j]
	ids := []string{h.name(t.a, t.i), h.name(t.b, t.j)}
	slices.Sort(ids) // the same finding before and after the table has decided
	f := h.base(audit.LWWDoubleAccept, t.verdict, audit.Critical, ids...)
	f.Region = t.a.region
	f.Amounts = h.money(first)
	f.Window = audit.At(first.at)
	if second.at.Before(first.at) {
		f.Window = audit.At(second.at)
	}
	f.Rule = rule("each region's stream shows an insert with no earlier image, and neither had seen the other's", t.doubt)
	f.Reason = fmt.Sprintf("One key was accepted in both regions: %s in %s at %s and %s in %s at %s.",
		first.label(h.rules.Attr), t.a.region, clock(first), second.label(h.rules.Attr), t.b.region, clock(second))
	if payment := first.text(h.rules.Attr.PaymentID); payment != "" && payment == second.text(h.rules.Attr.PaymentID) {
		f.Severity, f.Amounts = audit.Medium, nil
		f.Reason += " Both name the same payment."
	}
	lost, kept := "accepted here; the tables do not agree yet", "accepted here; the tables do not agree yet"
	if t.kept != nil {
		lost, kept = "accepted here; lost", "accepted here; kept by the table"
	}
	f.Evidence = slices.Concat([]audit.Evidence{h.seen(t.a, t.i, lost), h.seen(t.b, t.j, kept)}, h.taken(t.a, first), h.taken(t.b, second))
	if c := t.replaced; c != nil {
		for k := t.i + 1; k < c.i; k++ {
			f.Evidence = append(f.Evidence, h.seen(c.at, k, h.fate(*c, &c.at.states[k])))
		}
		f.Evidence = append(f.Evidence, h.seen(c.at, c.i, "replaced it here"))
	}
	return f
}

// taken is what an accepted insert says of its payment: finance needs both sides, though only one of them is lost.
func (h *history) taken(c *chain, s *state) []audit.Evidence {
	var out []audit.Evidence
	source := "stream " + h.rules.Table
	if payment := s.text(h.rules.Attr.PaymentID); payment != "" {
		out = append(out, audit.Evidence{Source: source, Region: c.region, Field: h.rules.Attr.PaymentID, Value: clip(payment), Note: "payment accepted here"})
	}
	if m, ok := s.amount(h.rules.Attr); ok {
		out = append(out, audit.Evidence{
			Source: source, Region: c.region, Field: h.rules.Attr.AmountMinor, Value: clip(strconv.FormatInt(m.Minor, 10) + " " + m.Currency),
			Note: "minor units, accepted here",
		})
	}
	return out
}

package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

func firstCharge(d report.Double) time.Time {
	var first time.Time
	for _, c := range d.Charges {
		if !c.At.IsZero() && (first.IsZero() || c.At.Before(first)) {
			first = c.At
		}
	}
	return first
}

// against says where the charges of an order stand against the outage.
func (f *dossierFacts) against(charges []report.Charge) string {
	outage := f.outage()
	var before, inside, after int
	for _, c := range charges {
		switch {
		case c.At.IsZero():
			return "not all charges say when they were made"
		case c.At.Before(outage.From):
			before++
		case c.At.Before(outage.To):
			inside++
		default:
			after++
		}
	}
	switch {
	case len(charges) == 0:
		return ""
	case before == len(charges):
		return fmt.Sprintf("%s before the outage", report.Spell(outage.From.Sub(charges[0].At).Round(time.Second)))
	case after == len(charges):
		return "after the outage"
	case before == 0 && after == 0:
		return "in the outage"
	default:
		return "charged on both sides of the outage"
	}
}

// lost are the payments that the ledger in force does not hold. With the old primary's snapshot compared they are its lost
// rows; without it those that other layers know of and the ledger does not, which proves no loss.
func (f *dossierFacts) lost(compared bool) []report.LostPayment {
	chains := map[string]audit.Chain{}
	for _, c := range f.chains {
		chains[c.PaymentID] = c
	}
	out := []report.LostPayment{}
	listed := map[string]bool{}
	for _, x := range f.findings {
		if x.Kind != audit.LedgerLostRow || x.Status == audit.Suppressed {
			continue
		}
		p := report.LostPayment{
			PaymentID: x.Key, Ledger: x.Scope, Region: x.Region, Amounts: x.Amounts, At: x.Window.From, Verdict: x.Verdict,
			Status: x.Status, Finding: x.Fingerprint,
		}
		chain, known := chains[x.Key]
		if !known {
			chain = f.chainOf(x)
		}
		p.Key, p.Links = chain.Key, fourLinks(chain.Links)
		p.Rebuild = rebuiltFrom(p.Links)
		out, listed[p.PaymentID] = append(out, p), true
	}
	for _, c := range f.chains {
		if !compared && !listed[c.PaymentID] && c.Broken == "ledger" {
			links := fourLinks(c.Links)
			out = append(out, report.LostPayment{
				PaymentID: c.PaymentID, Key: c.Key, Ledger: c.Scope, Region: c.Region, Amounts: []audit.Money{c.Amount}, At: c.At,
				Verdict: audit.Probable, Links: links, Rebuild: rebuiltFrom(links),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b report.LostPayment) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.PaymentID, b.PaymentID))
	})
	return out
}

// chainOf puts the chain of a lost row together from findings, where no chain is stored.
func (f *dossierFacts) chainOf(lost audit.StoredFinding) audit.Chain {
	c := audit.Chain{PaymentID: lost.Key, Links: []audit.Link{{Layer: "ledger", State: audit.LinkLost, Region: lost.Region}}}
	for _, e := range lost.Evidence {
		if e.Field != "payment_id" && e.Ref != "" {
			c.Links[0].Ref, c.Links[0].At, c.Links[0].Note = e.Ref, e.At, e.Note
			break
		}
	}
	for _, x := range f.findings {
		link := audit.Link{State: audit.LinkPresent, Region: x.Region}
		switch x.Kind {
		case audit.ChainKeyWithoutEntry:
			link.Layer = "key"
		case audit.ReceiptOrphan:
			link.Layer = "receipt"
		case audit.SettlementMissingInLedger:
			link.Layer = "settlement"
		default:
			continue
		}
		if !slices.Contains(paymentsOf(x), lost.Key) || len(x.Evidence) == 0 {
			continue
		}
		if link.Layer == "key" {
			c.Key = x.Key
		}
		e := x.Evidence[0]
		link.Ref, link.At, link.Note = strings.TrimSpace(e.Source+" "+e.Ref), e.At, e.Note
		c.Links = append(c.Links, link)
	}
	return c
}

// fourLinks puts the links in the order of the layers; a layer that is not told was not read.
func fourLinks(links []audit.Link) []audit.Link {
	out := make([]audit.Link, 0, 4)
	for _, layer := range []string{"key", "ledger", "receipt", "settlement"} {
		i := slices.IndexFunc(links, func(l audit.Link) bool { return l.Layer == layer })
		if i < 0 {
			out = append(out, audit.Link{Layer: layer, State: audit.LinkUnknown})
			continue
		}
		out = append(out, links[i])
	}
	return out
}

// rebuiltFrom says what is left of a payment.
func rebuiltFrom(links []audit.Link) string {
	var rest []string
	whole := false
	for _, l := range links {
		switch {
		case l.Layer == "ledger" && l.State == audit.LinkLost:
			whole = true
		case l.State != audit.LinkPresent:
		case l.Layer == "key":
			rest = append(rest, "the key's record")
		case l.Layer == "receipt":
			rest = append(rest, "the receipt")
		case l.Layer == "settlement":
			rest = append(rest, "the card network's line")
		}
	}
	text := strings.Join(rest, ", ")
	switch {
	case whole && text != "":
		return "the snapshot's row, whole; confirmed by " + text
	case whole:
		return "the snapshot's row, whole; nothing else confirms it"
	case text != "":
		return text + "; no row of the ledger is left"
	default:
		return "nothing that was read"
	}
}

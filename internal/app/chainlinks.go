package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/auditors/chain"
	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/reconcile"
)

// receiptLinks are the receipts of one ledger's payments, in one or more pairs of buckets. A pair that could not be read is nil.
type receiptLinks struct{ pairs []*receipt.Trace }

func (r receiptLinks) outside() chain.Outside {
	if len(r.pairs) == 0 {
		return chain.Outside{}
	}
	found := map[string]chain.Known{}
	for _, p := range r.pairs {
		if p == nil {
			continue
		}
		for payment, link := range p.Found() {
			if _, known := found[payment]; !known {
				found[payment] = chain.Known{Link: link}
			}
		}
	}
	return chain.Outside{Found: found, Of: r.of}
}

// of takes the least certain word of the pairs that do not have the receipt: any of them may hold it.
func (r receiptLinks) of(p chain.Payment) audit.Link {
	link := audit.Link{}
	for _, pair := range r.pairs {
		if pair == nil {
			return audit.Link{State: audit.LinkUnknown, Note: "the buckets could not be compared"}
		}
		if one := pair.Of(p.ID, p.Taken); link.State == "" || doubt(one.State) > doubt(link.State) {
			link = one
		}
	}
	return link
}

// doubt orders the states of a link that is not there by how little they say.
func doubt(s audit.LinkState) int {
	return slices.Index([]audit.LinkState{audit.LinkAbsent, audit.LinkExpected, audit.LinkUnknown}, s)
}

// settlementLinks are what the feeds of one ledger say of single payments.
type settlementLinks struct {
	ledger  config.Ledger
	found   map[string]chain.Known
	missing map[string]audit.Link // by payment, of those the tie-out has judged
	strays  map[audit.Money]string
	feeds   map[string]feedStanding
}

// feedStanding is what a feed would say of a payment that it has not judged.
type feedStanding struct {
	auditor reconcile.Auditor
	in      reconcile.Input
}

func newSettlementLinks(l config.Ledger) *settlementLinks {
	return &settlementLinks{
		ledger: l, found: map[string]chain.Known{}, missing: map[string]audit.Link{}, strays: map[audit.Money]string{}, feeds: map[string]feedStanding{},
	}
}

// take enters what one feed's tie-out says.
func (s *settlementLinks) take(feed config.Settlement, l config.Ledger, said settled, t task) {
	remarks := map[string]string{} // by reference: what does not agree
	for _, f := range said.result.Findings {
		switch f.Kind {
		case audit.SettlementAmountMismatch, audit.SettlementCurrencyMismatch, audit.SettlementStatusMismatch, audit.SettlementDuplicateInNetwork:
			remarks[f.Key] = string(f.Kind)
		case audit.SettlementMissingInNetwork:
			s.missing[f.Key] = missingLink(f)
		case audit.SettlementMissingInLedger:
			s.stray(feed, f)
		case audit.SettlementDuplicateInLedger:
			s.twins(f)
		}
	}
	for _, m := range said.result.Matches {
		s.matched(m, remarks)
	}
	s.feeds[feed.Name] = feedStanding{
		auditor: reconcile.Auditor{Rules: matchRules(feed, l)},
		in:      reconcile.Input{Window: t.window, AsOf: t.asOf, FilesThrough: said.through, LinesIncomplete: !said.coverage.Complete()},
	}
}

// matched is a line that settles a payment; of several the first stands for all.
func (s *settlementLinks) matched(m audit.Match, remarks map[string]string) {
	k, known := s.found[m.PaymentID]
	if !known {
		k = chain.Known{Amount: m.Amount, Link: audit.Link{State: audit.LinkPresent, Ref: fmt.Sprintf("file %s record %d", m.File, m.Line)}}
		for _, key := range []string{m.Reference, m.PaymentID} {
			if remark := remarks[key]; remark != "" && k.Link.Note == "" {
				k.Link.Note = remark
			}
		}
	} else if !strings.HasSuffix(k.Link.Note, severalLines) {
		k.Link.Note = strings.TrimPrefix(k.Link.Note+"; "+severalLines, "; ")
	}
	s.found[m.PaymentID] = k
}

const severalLines = "several lines"

// missingLink is the link of a payment that the tie-out found no line for.
func missingLink(f audit.Finding) audit.Link {
	l := audit.Link{State: audit.LinkAbsent, Note: f.Rule}
	switch {
	case f.Status != audit.Open:
		l.State, l.Note = audit.LinkExpected, string(f.Status)
	case f.Verdict == audit.Undecidable:
		l.State, l.Note = audit.LinkUnknown, "the files could not tell"
	}
	return l
}

// stray is a line that no payment of the ledger explains: that of a payment which only the old primary holds, or one that goes
// by its own reference.
func (s *settlementLinks) stray(feed config.Settlement, f audit.Finding) {
	k := chain.Known{Link: audit.Link{State: audit.LinkPresent, At: f.Window.From, Note: "not in the ledger in force"}}
	if len(f.Amounts) > 0 {
		k.Amount = f.Amounts[0]
	}
	payment := ""
	for _, e := range f.Evidence {
		switch {
		case strings.HasPrefix(e.Source, "file ") && k.Link.Ref == "":
			k.Link.Ref = e.Source + " " + e.Ref
		case e.Field == "payment_id" && payment == "":
			payment = e.Value
		case e.Field == "network":
			return // a payment of another network, which the ledger has
		}
	}
	if payment == "" {
		payment = "line " + f.Key
		k.Link.Note = "no payment is known for it"
		for _, a := range f.Amounts {
			s.strays[a] = f.Key
		}
	}
	k.Link.Note += ", feed " + feed.Name
	s.found[payment] = k
}

// twins are payments booked under a reference that was settled once, for another of them.
func (s *settlementLinks) twins(f audit.Finding) {
	for _, e := range f.Evidence {
		if e.Field == "payment_id" {
			s.missing[e.Value] = audit.Link{State: audit.LinkAbsent, Note: "its reference was settled once, for another payment"}
		}
	}
}

func (s *settlementLinks) outside() chain.Outside {
	if len(s.feeds) == 0 {
		return chain.Outside{}
	}
	return chain.Outside{Found: s.found, Of: s.of}
}

// of is the link of a payment that no line is known for. One that the tie-out has not judged, for the ledger in force does not
// have it, is judged by the same calendar; where its network is not known, by that of every feed.
func (s *settlementLinks) of(p chain.Payment) audit.Link {
	if l, judged := s.missing[p.ID]; judged {
		return l
	}
	_, carried := s.feeds[p.Network]
	switch {
	case p.Network != "" && slices.Contains(s.ledger.NoFile, p.Network):
		return audit.Link{State: audit.LinkUnneeded, Note: "no file carries network " + p.Network}
	case p.Network != "" && !carried:
		return audit.Link{State: audit.LinkUnknown, Note: "no feed is configured for network " + p.Network}
	case p.Booked:
		return audit.Link{State: audit.LinkUnknown, Note: "the tie-out has not judged it"}
	}
	link := audit.Link{}
	for _, name := range slices.Sorted(maps.Keys(s.feeds)) {
		if p.Network != "" && name != p.Network {
			continue
		}
		if one := s.feeds[name].of(name, p); link.State == "" || doubt(one.State) > doubt(link.State) {
			link = one
		}
	}
	if line, perhaps := s.strays[p.Amount]; perhaps && link.State == audit.LinkAbsent && p.Network == "" {
		return audit.Link{State: audit.LinkUnknown, Note: "perhaps line " + line + ", which has its amount and no payment"}
	}
	return link
}

func (f feedStanding) of(name string, p chain.Payment) audit.Link {
	status, verdict, err := f.auditor.Standing(f.in, p.Taken)
	switch {
	case err != nil:
		return audit.Link{State: audit.LinkUnknown, Note: "the rules of feed " + name + " mean nothing"}
	case status != audit.Open:
		return audit.Link{State: audit.LinkExpected, Note: string(status)}
	case verdict == audit.Undecidable:
		return audit.Link{State: audit.LinkUnknown, Note: "the files of " + name + " were not read completely"}
	default:
		return audit.Link{State: audit.LinkAbsent, Note: "no file of " + name + " through " + f.in.FilesThrough + " has it"}
	}
}

package receipt

import (
	"slices"
	"strings"

	"parallax/internal/audit"
)

// Suspect is a key that the buckets themselves should be asked for.
type Suspect struct {
	Key     string
	Payment string     // whose receipt it is
	Kind    audit.Kind // of the finding; empty where it is too young or could not be compared
	Why     string     // why it is not judged; empty for a finding
	Content bool       // what it holds is in question: its checksum is wanted too
}

// Ranks of suspects, the gravest first.
const (
	rankMissing = iota
	rankHigh
	rankMedium
	rankYoung
	rankDoubt
	rankLow
	ranks
)

// suspect adds the key of a pair that is not in order, unless the buckets were asked for it.
func (c *comparison) suspect(p pair, r ruling) {
	if p.asked {
		return
	}
	s := Suspect{Key: p.key, Payment: p.payment, Why: r.reason}
	switch r.state {
	case wrong:
		s.Kind = r.finding.Kind
		s.Content = s.Kind == audit.ReceiptMismatch
		rank := map[audit.Severity]int{audit.High: rankHigh, audit.Medium: rankMedium}
		at, known := rank[r.finding.Severity]
		if !known {
			at = rankLow
		}
		c.add(at, s)
	case young:
		c.add(rankYoung, s)
	case doubt:
		s.Content = true
		c.add(rankDoubt, s)
	case left:
		switch r.reason {
		case latestNotRead, otherNotRead:
			c.add(rankYoung, s)
		case perhapsKMS, noStatuses:
			s.Content = true
			c.add(rankDoubt, s)
		}
	}
}

func (c *comparison) add(rank int, s Suspect) {
	if len(c.suspects[rank]) < c.in.Suspects {
		c.suspects[rank] = append(c.suspects[rank], s)
	} else if c.in.Suspects > 0 {
		c.out.Unasked++
	}
}

// gravest puts the suspects in order, each key once, and counts those that are too many.
func (c *comparison) gravest() {
	named := map[string]bool{}
	for _, rank := range c.suspects {
		slices.SortStableFunc(rank, func(a, b Suspect) int { return strings.Compare(a.Key, b.Key) })
		for _, s := range rank {
			switch {
			case named[s.Key]:
			case len(c.out.Suspects) == c.in.Suspects:
				c.out.Unasked++
			default:
				named[s.Key] = true
				c.out.Suspects = append(c.out.Suspects, s)
			}
		}
	}
}

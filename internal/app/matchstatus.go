package app

import (
	"fmt"
	"slices"
	"strings"

	"parallax/internal/record"
)

// Statuses sort the words of a ledger's status column by what they mean for the money.
type Statuses struct {
	Charged []string // money was taken
	Refused []string // none was
	Pending []string // neither yet
}

// usualStatuses are the words that need no explanation, in lower case.
func usualStatuses() Statuses {
	return Statuses{
		Charged: []string{"captured", "settled", "refunded", "succeeded", "paid"},
		Refused: []string{"declined", "failed", "refused", "cancelled", "canceled", "voided"},
		Pending: []string{"pending", "created", "processing", "authorised", "authorized"},
	}
}

// sort puts every status that stands in a ledger, as it is spelled there, where the user or else custom puts it. A word that
// nobody knows is refused: taken for pending, its payments could be missing without anyone being told.
func (s Statuses) sort(entries []record.Entry) (Statuses, error) {
	usual := usualStatuses()
	var out Statuses
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.Status] {
			continue
		}
		seen[e.Status] = true
		switch word := strings.ToLower(e.Status); {
		case slices.Contains(s.Charged, e.Status):
			out.Charged = append(out.Charged, e.Status)
		case slices.Contains(s.Refused, e.Status):
			out.Refused = append(out.Refused, e.Status)
		case slices.Contains(s.Pending, e.Status):
			out.Pending = append(out.Pending, e.Status)
		case slices.Contains(usual.Charged, word):
			out.Charged = append(out.Charged, e.Status)
		case slices.Contains(usual.Refused, word):
			out.Refused = append(out.Refused, e.Status)
		case slices.Contains(usual.Pending, word):
			out.Pending = append(out.Pending, e.Status)
		default:
			return out, fmt.Errorf("payment %s has status %q, of which it is not known whether money was taken: "+
				"give the status to --charged, --refused or --pending", e.PaymentID, e.Status)
		}
	}
	return out, nil
}

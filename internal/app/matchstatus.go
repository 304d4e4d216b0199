package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// check refuses a status that was said to mean two things.
func (s Statuses) check() error {
	means := map[string]string{}
	for _, list := range []struct {
		flag     string
		statuses []string
	}{{"--charged", s.Charged}, {"--refused", s.Refused}, {"--pending", s.Pending}} {
		for _, status := range list.statuses {
			if other := means[status]; other != "" && other != list.flag {
				return fmt.Errorf("status %q is given to both %s and %s: it can mean one of them only", status, other, list.flag)
			}
			means[status] = list.flag
		}
	}
	return nil
}

// sort puts every status that stands in a ledger, as it is spelled there, where the user or else custom puts it; words holds
// each with a payment that has it. A word that nobody knows is refused: taken for pending, its payments could be missing
// without anyone being told.
func (s Statuses) sort(words map[string]string) (Statuses, error) {
	usual := usualStatuses()
	var out Statuses
	for _, status := range slices.Sorted(maps.Keys(words)) {
		switch word := strings.ToLower(status); {
		case slices.Contains(s.Charged, status):
			out.Charged = append(out.Charged, status)
		case slices.Contains(s.Refused, status):
			out.Refused = append(out.Refused, status)
		case slices.Contains(s.Pending, status):
			out.Pending = append(out.Pending, status)
		case slices.Contains(usual.Charged, word):
			out.Charged = append(out.Charged, status)
		case slices.Contains(usual.Refused, word):
			out.Refused = append(out.Refused, status)
		case slices.Contains(usual.Pending, word):
			out.Pending = append(out.Pending, status)
		default:
			return out, fmt.Errorf("payment %s has status %q, of which it is not known whether money was taken: "+
				"give the status to --charged, --refused or --pending", words[status], status)
		}
	}
	return out, nil
}

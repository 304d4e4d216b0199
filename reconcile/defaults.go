package reconcile

import (
	"time"

	"parallax/internal/calendar"
)

// Defaults are the rules that are assumed of a network or acquirer where nothing else is said: card networks clear on the
// business date or the day after; acquirers that pay out in batches take longer. What your contract says is what counts. The
// statuses of the ledger, Scope and Exponent are the caller's.
func Defaults(network string) Rules {
	r := Rules{
		Feed: network, Tiers: DefaultTiers(), Calendar: calendar.Network(network), DeliverBy: 6 * time.Hour,
		ExpectBusinessDays: 1, MissingBusinessDays: 2, WrongPeriod: true,
		FX: FX{Check: true, Minor: 1},
	}
	switch network {
	case "amex":
		r.ExpectBusinessDays, r.MissingBusinessDays = 2, 4
	case "adyen", "checkout", "stripe":
		r.ExpectBusinessDays, r.MissingBusinessDays = 3, 5
	}
	return r
}

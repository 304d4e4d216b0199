package reconcile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"parallax/internal/calendar"
)

// Rules say how one feed is held against one ledger. The zero values of the optional ones compare gross amounts to the
// minor unit by UTC days, and nothing else.
type Rules struct {
	Scope    string   // the configured ledger
	Feed     string   // the configured feed
	Charged  []string // ledger statuses that mean money was taken
	Refused  []string // ledger statuses that mean none was; every other status is in progress
	Refunded []string // ledger statuses that mean it was given back; nil means refunded, reversed, chargeback and charged_back

	Tiers []Tier // by which keys payments and lines are brought together, the safest first; nil means DefaultTiers

	// A payment is expected until the files of its business date and ExpectBusinessDays more have been delivered. It is
	// missing from DeliverBy on the business day that lies MissingBusinessDays after its business date. Between the two
	// it is overdue.
	Calendar            calendar.Calendar // which business day a moment belongs to; zero: UTC days, Saturdays and Sundays off
	Holidays            []string          // more of them: dates (YYYY-MM-DD) and names of calendar.Sets
	ExpectBusinessDays  int
	MissingBusinessDays int
	DeliverBy           time.Duration // after midnight in the calendar's zone
	WrongPeriod         bool          // report payments that were settled, but not within ExpectBusinessDays

	Tolerances   map[string]int64 // minor units by currency by which a payment and its settlement may differ; none where not declared
	FX           FX               // how conversions are checked
	Fees         []FeeRule        // the agreed tariff
	NetUnchecked bool             // do not check that a line's net amount is its gross less its fees

	Exponent func(currency string) int // decimals, for amounts in reasons and for conversions; nil: amounts are shown in minor units
	MaxRows  int                       // bound of rows held at once; 2,000,000 where zero, about 0.5 GB
}

// defaultMaxRows bounds payments and lines together where the rules give no bound.
const defaultMaxRows = 2_000_000

// ErrTooManyRows means that payments and lines together exceed Rules.MaxRows.
var ErrTooManyRows = errors.New("too many rows to match in memory")

// Check reports the first rule that means nothing: an unknown field of a tier, a number that is none, a negative
// tolerance, a holiday that is no date.
func (r Rules) Check() error {
	_, err := r.compile()
	return err
}

// law is Rules made ready: names resolved, numbers parsed.
type law struct {
	Rules

	tiers  []tier
	tariff []tariff
	fx     fxLaw
}

func (r Rules) compile() (*law, error) {
	out := &law{Rules: r}
	out.Calendar.Holidays = slices.Concat(r.Calendar.Holidays, r.Holidays)
	if err := out.Calendar.Check(); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	for _, currency := range slices.Sorted(maps.Keys(r.Tolerances)) {
		if r.Tolerances[currency] < 0 {
			return nil, fmt.Errorf("tolerance of %s is negative", currency)
		}
	}
	var err error
	if out.tiers, err = compileTiers(r.Tiers); err != nil {
		return nil, err
	}
	if out.tariff, err = compileFees(r.Fees); err != nil {
		return nil, err
	}
	if out.fx, err = r.FX.compile(r.Exponent); err != nil {
		return nil, fmt.Errorf("fx: %w", err)
	}
	return out, nil
}

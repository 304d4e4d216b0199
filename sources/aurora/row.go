package aurora

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// row is one row as it came, before its amount is understood.
type row struct {
	entry    record.Entry
	amount   *string
	currency *string
	unfit    error // why it cannot be used, once it was understood
}

// Why a row cannot be used.
var (
	errAmountNull   = errors.New("amount is null")
	errAmount       = errors.New("amount is not a number of its currency's minor units")
	errCurrencyNull = errors.New("currency is null")
	errCurrency     = errors.New("currency is unknown, so its decimal amount has no minor units")
)

// scanRow reads one row in the order of selectList.
func scanRow(rows pgx.CollectableRow, names []string) (row, error) {
	var r row
	var created, updated pgtype.Timestamptz
	var paymentID, id, key, status, network, reference, rrn, auth, owner *string
	extra := make([]*string, len(names))
	into := []any{&created, &updated, &paymentID, &id, &key, &r.amount, &r.currency, &status, &network, &reference, &rrn, &auth, &owner}
	for i := range extra {
		into = append(into, &extra[i])
	}
	if err := rows.Scan(into...); err != nil {
		return row{}, err
	}
	r.entry = record.Entry{
		PaymentID: text(paymentID), ID: text(id), IdempotencyKey: text(key), Status: text(status), Network: text(network),
		NetworkReference: text(reference), RRN: text(rrn), AuthCode: text(auth), OwnerRegion: audit.Region(text(owner)),
		CreatedAt: finite(created), UpdatedAt: finite(updated),
	}
	for i, name := range names {
		if extra[i] != nil { // a null is no value, and differs from an empty text
			if r.entry.Extra == nil {
				r.entry.Extra = make(map[string]string, len(names))
			}
			r.entry.Extra[name] = *extra[i]
		}
	}
	return r, nil
}

// understand gives the row its amount. A currency that is not known is kept where the amount is in minor units.
func (r *row) understand(minorUnits bool) error {
	if r.currency == nil || strings.TrimSpace(*r.currency) == "" {
		return errCurrencyNull
	}
	if r.amount == nil {
		return errAmountNull
	}
	code, exponent := strings.ToUpper(strings.TrimSpace(*r.currency)), 0
	if !minorUnits {
		digits, known := currency.GetDigits(code)
		if !known {
			return errCurrency
		}
		exponent = int(digits)
	}
	amount, err := money.Parse(strings.TrimSpace(*r.amount), code, exponent)
	if err != nil {
		return errAmount
	}
	r.entry.Amount = amount
	return nil
}

func (c Columns) extraNames() []string { return slices.Sorted(maps.Keys(c.Extra)) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func finite(t pgtype.Timestamptz) time.Time {
	if !t.Valid || t.InfinityModifier != pgtype.Finite {
		return time.Time{}
	}
	return t.Time.UTC()
}

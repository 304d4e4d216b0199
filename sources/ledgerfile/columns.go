package ledgerfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parallax/internal/pan"
)

// Fields lists the fields that can be mapped. Needed are payment_id, currency, and amount_minor (whole minor units) or
// amount (decimal).
func Fields() []string {
	return []string{
		"amount", "amount_minor", "arn", "auth_code", "created_at", "currency", "id", "idempotency_key", "last4", "network", "network_reference",
		"payment_id", "rrn", "status",
	}
}

// usualNames are the column names a field is guessed from, the likeliest first.
func usualNames() map[string][]string {
	return map[string][]string{
		"amount":            {"amount", "gross_amount", "gross"},
		"amount_minor":      {"amount_minor", "minor_units", "amount_cents"},
		"arn":               {"arn", "acquirer_reference_number"},
		"auth_code":         {"auth_code", "authorisation_code", "authorization_code", "approval_code"},
		"created_at":        {"created_at", "transaction_time", "created", "timestamp"},
		"currency":          {"currency", "currency_code"},
		"id":                {"id", "row_id"},
		"idempotency_key":   {"idempotency_key"},
		"last4":             {"last4", "card_last4", "last_4"},
		"network":           {"network", "scheme"},
		"network_reference": {"network_reference", "reference", "payment_reference", "payment_ref", "psp_reference"},
		"payment_id":        {"payment_id", "payment", "transaction_id", "order_id", "order", "merchant_reference"},
		"rrn":               {"rrn", "retrieval_reference_number"},
		"status":            {"status", "state"},
	}
}

// Guess maps fields to the columns of a header by their usual names; what it does not find it leaves out.
func Guess(header []string) map[string]string {
	columns := map[string]string{}
	for field, names := range usualNames() {
		for _, name := range names {
			if i := slices.IndexFunc(header, func(h string) bool { return plainName(h) == name }); i >= 0 {
				columns[field] = header[i]
				break
			}
		}
	}
	if columns["amount_minor"] != "" {
		delete(columns, "amount")
	}
	return columns
}

func plainName(header string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(header)))
}

// choose takes the given columns and guesses the others.
func choose(header []string, given map[string]string) (map[string]string, error) {
	columns := Guess(header)
	for _, field := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(Fields(), field) {
			return nil, fmt.Errorf("unknown field %q; known are %s", field, strings.Join(Fields(), ", "))
		}
		if !slices.Contains(header, given[field]) {
			return nil, fmt.Errorf("--ledger-columns: column %q for %s is not in the header%s", pan.Mask(given[field]), field, listed(header))
		}
		columns[field] = given[field]
	}
	switch {
	case given["amount"] != "" && given["amount_minor"] != "":
		return nil, errors.New("amount and amount_minor are both given")
	case given["amount"] != "":
		delete(columns, "amount_minor")
	case given["amount_minor"] != "":
		delete(columns, "amount")
	}
	for _, field := range []string{"payment_id", "currency"} {
		if columns[field] == "" {
			return nil, missing(field, header)
		}
	}
	if columns["amount"] == "" && columns["amount_minor"] == "" {
		return nil, missing("amount", header)
	}
	return columns, nil
}

func missing(field string, header []string) error {
	return fmt.Errorf("none of the %d columns is for %s (looked for %s); name it with --ledger-columns %s=COLUMN%s",
		len(header), field, strings.Join(usualNames()[field], ", "), field, listed(header))
}

// listed shows the columns of a header, unless they are no text, or one of them looks like a card number: in a file without a
// header it is the first record.
func listed(header []string) string {
	for _, column := range header {
		if !utf8.ValidString(column) || strings.ContainsFunc(column, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return "; the header is not text"
		}
	}
	for _, column := range header {
		if pan.Mask(column) != column {
			return ""
		}
	}
	return "; the columns are " + strings.Join(header, ", ")
}

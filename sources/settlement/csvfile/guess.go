package csvfile

import (
	"slices"
	"strings"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// GuessProfile maps the columns of an unknown file by their usual names, for a one-shot comparison. It is an error when
// amount, currency or every reference is missing.
func GuessProfile(header []string) (Profile, error) {
	p := Profile{Columns: map[string]string{}, Types: map[string]string{}, Scale: "decimal"}
	for field, names := range usualNames() {
		for _, name := range names {
			if i := slices.IndexFunc(header, func(h string) bool { return plainName(h) == name }); i >= 0 {
				p.Columns[field] = strings.TrimSpace(strings.TrimPrefix(header[i], decode.ByteOrderMark))
				if name == "amount_minor" {
					p.Scale = "minor"
				}
				break
			}
		}
	}
	for value, means := range map[string]record.LineType{
		"capture": record.Presentment, "presentment": record.Presentment, "sale": record.Presentment, "payment": record.Presentment,
		"charge": record.Presentment, "settled": record.Presentment, "refund": record.Refund, "refunded": record.Refund,
		"chargeback": record.Chargeback, "dispute": record.Chargeback, "fee": record.Fee, "other": record.OtherLine,
		"representment": record.Representment, "chargeback reversal": record.Representment, "chargeback_reversal": record.Representment, "adjustment": record.Adjustment,
	} {
		p.Types[value] = string(means)
	}
	if column := p.Columns["reference"]; column != "" {
		p.Trailer = Trailer{Column: column, Value: "TRAILER", Count: p.Columns["rrn"], Total: p.Columns["amount"], Optional: true}
	}
	return p, p.Validate()
}

// GuessDelimiter tells what parts the columns of a file by its header row: comma, semicolon, bar or tab, whichever stands
// there most often outside quotes. It is a comma where none does.
func GuessDelimiter(header string) string {
	best, most := ",", 0
	for _, mark := range []string{",", ";", "|", "\t"} {
		n, quoted := 0, false
		for i := range len(header) {
			switch {
			case header[i] == '"':
				quoted = !quoted
			case !quoted && header[i] == mark[0]:
				n++
			}
		}
		if n > most {
			best, most = mark, n
		}
	}
	return best
}

func plainName(header string) string {
	name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(header, decode.ByteOrderMark)))
	return strings.NewReplacer(" ", "_", "-", "_").Replace(name)
}

func usualNames() map[string][]string {
	return map[string][]string{
		"reference":        {"payment_reference", "network_reference", "reference", "transaction_id", "psp_reference", "payment_ref"},
		"original":         {"original_reference", "original", "original_transaction_id", "parent_reference"},
		"payment_id":       {"payment_id", "merchant_reference", "order_id", "order"},
		"rrn":              {"rrn", "retrieval_reference_number"},
		"arn":              {"arn", "acquirer_reference_number"},
		"auth_code":        {"auth_code", "authorisation_code", "authorization_code", "approval_code"},
		"type":             {"type", "transaction_type"},
		"amount":           {"amount_minor", "amount", "gross", "gross_amount"},
		"currency":         {"currency", "gross_currency"},
		"fee":              {"fee"},
		"card":             {"card", "card_number", "pan"},
		"transaction_time": {"transaction_time", "created_at", "transaction_date"},
		"business_date":    {"business_date", "settlement_date"},
	}
}

package record

import (
	"strconv"
	"time"
)

// Field is the value of a field that ledgers[].compare may name, and whether there is one. Whoever compares entries asks here, so
// that none sees a difference which another does not. Of the fields of Entry an empty text stands for a null as well; a further
// column that is null has no value, which differs from an empty one.
func (e *Entry) Field(name string) (value string, known bool) {
	switch name {
	case "amount_minor", "amount":
		return strconv.FormatInt(e.Amount.Minor, 10), true
	case "currency":
		return e.Amount.Currency, true
	case "status":
		return e.Status, true
	case "network":
		return e.Network, true
	case "network_reference":
		return e.NetworkReference, true
	case "rrn":
		return e.RRN, true
	case "auth_code":
		return e.AuthCode, true
	case "idempotency_key":
		return e.IdempotencyKey, true
	case "owner_region":
		return string(e.OwnerRegion), true
	case "updated_at":
		return timeText(e.UpdatedAt), true
	default:
		value, known = e.Extra[name]
		return value, known
	}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

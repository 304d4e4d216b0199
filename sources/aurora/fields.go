package aurora

import (
	"strconv"

	"parallax/internal/record"
)

// Named is the column of a field that is compared, empty where it is not mapped.
func (c Columns) Named(field string) string {
	switch field {
	case "amount_minor", "amount":
		return c.AmountMinor + c.Amount // one of the two is empty
	case "currency":
		return c.Currency
	case "status":
		return c.Status
	case "network":
		return c.Network
	case "network_reference":
		return c.NetworkReference
	case "rrn":
		return c.RRN
	case "auth_code":
		return c.AuthCode
	case "idempotency_key":
		return c.IdempotencyKey
	case "owner_region":
		return c.OwnerRegion
	case "updated_at":
		return c.UpdatedAt
	default:
		return c.Extra[field]
	}
}

// fieldOf is the value of a field that is compared, and whether there is one.
func fieldOf(e *record.Entry, field string) (value string, known bool) {
	switch field {
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
		value, known = e.Extra[field]
		return value, known
	}
}

package aurora

// Named is the column of a field that is compared, empty where it is not mapped; record.Entry.Field is its value.
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

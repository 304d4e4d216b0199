package chain

// What the evidence of a double charge says of each charge. Refunds are proposed by these names, so that other words give back
// nothing else.
const (
	NoteNamed  = "charged; the payment that the idempotency key names now"
	NoteFirst  = "charged; the first charge, which stands"
	NoteRefund = "charged; to be refunded"
)

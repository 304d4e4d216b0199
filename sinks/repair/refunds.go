package repair

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var refundColumns = []string{
	"finding_id", "idempotency_key", "refund_payment_id", "row_id", "kept_payment_id", "amount_minor", "amount", "currency", "network",
	"network_reference", "charged_at", "reason", "expires", "guard",
}

// refundsCSV proposes what is to be given back, a charge a line. A field that a spreadsheet would take for a formula has an
// apostrophe before it.
func refundsCSV(p Plan, refunds []Refund) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(refundColumns); err != nil {
		return nil, fmt.Errorf("write refunds: %w", err)
	}
	for _, r := range refunds {
		guard := fmt.Sprintf("only while the payment's status is %s", r.Status)
		if !r.InForce {
			guard = "only while the payment is not in the ledger in force, or is there with status " + r.Status
		}
		guard += ", and while payment " + r.Kept + rowNamed(r.KeptRow) + " is still charged"
		fields := []string{
			ids(r.Findings), r.IdempotencyKey, r.PaymentID, r.RowID, r.Kept, strconv.FormatInt(r.Amount.Minor, 10), r.Decimal,
			r.Amount.Currency, r.Network, r.NetworkReference, r.ChargedAt.UTC().Format(time.RFC3339), r.Reason,
			p.Expires.UTC().Format(time.RFC3339), guard,
		}
		for i := range fields {
			fields[i] = harmless(fields[i])
		}
		if err := w.Write(fields); err != nil {
			return nil, fmt.Errorf("write refunds: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), nil
}

func rowNamed(id string) string {
	if id == "" {
		return ""
	}
	return " (row " + id + ")"
}

// harmless keeps a spreadsheet from running a field as a formula (OWASP, "CSV Injection"), from breaking its line, and from
// taking an id for a number that it then rounds or strips of its zeros.
func harmless(field string) string {
	field = oneLine(field)
	switch {
	case field == "":
		return field
	case strings.ContainsRune("=+-@|%", rune(field[0])):
		return "'" + field
	case strings.Trim(field, "0123456789") == "" && (len(field) > 15 || field[0] == '0' && len(field) > 1):
		return "'" + field
	}
	return field
}

package chain

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// named is a payment as the keys tell of it: the first record of any region that names it, and its last status.
type named struct {
	key    string
	region audit.Region // that wrote the first record, as far as the item says so, else where it was first seen
	born   time.Time
	seq    string
	status string
	said   time.Time // when the status was
	amount audit.Money
}

// namedIn finds the payments that the records of keys name, whether they still do or not.
func namedIn(rules Rules, changes []record.Change) map[string]named {
	out := map[string]named{}
	for i := range changes {
		c := &changes[i]
		payment := c.New.Text(rules.PaymentID)
		if payment == "" {
			continue
		}
		n, known := out[payment]
		if !known || c.At.Before(n.born) || c.At.Equal(n.born) && c.Region < n.region && n.key == c.Key {
			n.key, n.born, n.seq, n.region = c.Key, c.At, c.Seq, c.Region
			if origin := c.New.Text(rules.Origin); origin != "" {
				n.region = audit.Region(origin)
			}
			if amounts := keyAmounts(rules, c.New); len(amounts) > 0 {
				n.amount = amounts[0]
			}
		}
		if c.Key == n.key && !c.At.Before(n.said) {
			n.said, n.status = c.At, c.New.Text(rules.Status)
		}
		out[payment] = n
	}
	return out
}

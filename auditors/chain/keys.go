package chain

import (
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// keyState is the last known state of one idempotency key over all regions.
type keyState struct {
	exists  bool
	payment string
	status  string
	amounts []audit.Money
	region  audit.Region
	born    time.Time // first seen
	last    time.Time
	seq     string
}

// keysOf reduces the tables' histories to one state per key. Where the regions still differ the younger record counts;
// that they differ is the lww job's finding, not this one's.
func keysOf(rules Rules, changes []record.Change) map[string]keyState {
	tips := map[audit.Region]map[string]record.Change{}
	keys := map[string]keyState{}
	for _, c := range changes {
		if tips[c.Region] == nil {
			tips[c.Region] = map[string]record.Change{}
		}
		if tip, found := tips[c.Region][c.Key]; !found || record.SeqLess(tip.Seq, c.Seq) {
			tips[c.Region][c.Key] = c
		}
		k, found := keys[c.Key]
		if !found || c.At.Before(k.born) {
			k.born = c.At
			keys[c.Key] = k
		}
	}
	for _, region := range tips {
		for key, tip := range region {
			keys[key] = keys[key].merge(rules, tip)
		}
	}
	return keys
}

func (k keyState) merge(rules Rules, tip record.Change) keyState {
	older := tip.At.Before(k.last) || (tip.At.Equal(k.last) && tip.Region > k.region)
	if !k.last.IsZero() && older {
		return k
	}
	return keyState{
		born: k.born, last: tip.At, seq: tip.Seq, region: tip.Region,
		exists:  !tip.New.Absent(),
		payment: tip.New.Text(rules.PaymentID),
		status:  tip.New.Text(rules.Status),
		amounts: keyAmounts(rules, tip.New),
	}
}

// keyAmounts reads a key's money, if it carries any that is well formed.
func keyAmounts(rules Rules, image record.Image) []audit.Money {
	minor, err := strconv.ParseInt(image.Text(rules.AmountMinor), 10, 64)
	if err != nil || image.Text(rules.Currency) == "" {
		return nil
	}
	return []audit.Money{{Minor: minor, Currency: image.Text(rules.Currency)}}
}

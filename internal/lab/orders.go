package lab

import (
	"fmt"
	"time"
)

// orders makes up payments.
type orders struct {
	chance chance
	day    timetable
	made   int
}

const (
	crockford = "0123456789abcdefghjkmnpqrstvwxyz"
	capitals  = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
)

// new is a payment that goes well, of a client of the region.
func (o *orders) new(region string, at time.Time) *payment {
	o.made++
	p := &payment{
		number: o.made, region: region, at: at.Truncate(time.Millisecond),
		id:   fmt.Sprintf("pay_%s%04x", o.chance.text(crockford, 8), o.made),
		key:  fmt.Sprintf("order-%06d", o.made),
		rrn:  fmt.Sprintf("6322%02d%06d", at.Hour(), o.made),
		auth: o.chance.text(capitals, 6),
	}
	p.money = o.sum()
	if o.chance.IntN(2) == 0 {
		p.network, p.issuer = "mastercard", "555555"
		p.reference = fmt.Sprintf("MCC%s%s1118", o.chance.text(capitals, 2), base32(o.made))
	} else {
		p.network, p.issuer = "visa", "411111"
		p.reference = fmt.Sprintf("V06322%04d%06d", o.chance.IntN(10_000), o.made)
	}
	return p
}

// ordinary is a payment as they come all day: some are declined, some lack a reference, some settle late.
func (o *orders) ordinary(at time.Time) *payment {
	p := o.new(o.home(at), at)
	critical := at.After(o.day.cut.Add(-time.Second)) && at.Before(degrades)
	p.declined = o.chance.IntN(50) == 0 && !critical
	p.unnamed = o.chance.IntN(20) == 0
	p.late = o.chance.IntN(33) == 0
	return p
}

// again is the same order tried once more, in another region.
func (o *orders) again(first *payment, region string, at time.Time) *payment {
	p := o.new(region, at)
	p.key, p.money = first.key, first.money
	return p
}

// home is the region a client is in: either, until the clients move from Dublin to London.
func (o *orders) home(at time.Time) string {
	staying := 1 - float64(at.Sub(confirmed))/float64(moved.Sub(confirmed))
	if o.chance.Float64() < min(1, staying)/2 {
		return dublin
	}
	return london
}

// sum is an amount as shops ask for them: EUR 60%, GBP 30%, JPY 10%.
func (o *orders) sum() Sum {
	switch d := o.chance.IntN(10); {
	case d < 6:
		return Sum{250 + o.chance.Int64N(24_750), "EUR"}
	case d < 9:
		return Sum{250 + o.chance.Int64N(24_750), "GBP"}
	default:
		return Sum{400 + o.chance.Int64N(36_000), "JPY"}
	}
}

// base32 is a number in four characters of capitals.
func base32(n int) string {
	out := make([]byte, 4)
	for i := range out {
		out[len(out)-1-i] = capitals[n%32]
		n /= 32
	}
	return string(out)
}

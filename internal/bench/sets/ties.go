package sets

import (
	"strconv"
	"time"
)

// ties makes the rows of a ledger (side 0) or a settlement (side 1). Of a million keys 1,000 are missing on either side,
// 1,000 differ, 500 are doubled on either side; 100 are longer than 24 bytes, 100 are not ASCII, 20 rows a side have none.
type ties struct {
	side  int
	seed  uint64
	order order
}

func (s Set) ties(side int) ties {
	return ties{side: side, seed: mix(s.Seed, 1), order: newOrder(uint64(s.Rows), mix(s.Seed, 2+uint64(side)))} //nolint:gosec // not negative
}

// columns of a payments table that is exported: those that are joined and compared stand among others.
func (ties) columns() table {
	return table{
		{name: "id", kind: number, plain: true},
		{name: "created_at", kind: moment, plain: true},
		{name: "reference", plain: true},
		{name: "status"},
		{name: "merchant"},
		{name: "currency"},
		{name: "amount_minor", kind: number, plain: true},
	}
}

var (
	currencies = [...][]byte{[]byte("EUR"), []byte("GBP"), []byte("USD"), []byte("PLN"), []byte("SEK")}
	statuses   = [...][]byte{[]byte("authorized"), []byte("captured"), []byte("captured"), []byte("refunded")}
	merchants  = [...]string{
		"Sunrise Grocers", "Blue Door Books", "Hafen Apotheke, Hamburg", "Corner Café", "North & South Travel", "Kirin \u53c2 Noodles",
		"The \"Old Mill\" Inn", "Rail Tickets Ltd.", "Muller, Sons & Co", "Green Energy", "Line one\nLine two", "Harbour Hotel",
	}
	firstRow = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
)

// The shares of keys, of a million, each a range of its own of a key's chance.
const (
	missingRight = 1000
	missingLeft  = missingRight + 1000
	differs      = missingLeft + 1000
	doubledLeft  = differs + 500
	doubledRight = doubledLeft + 500
	longKey      = doubledRight + 100
	otherScript  = longKey + 100
	keyless      = 20
)

func (m ties) add(t table, i uint64) {
	m.row(t, m.order.at(i), i, 0)
	// Copies stand far from the row they are a copy of.
	key := m.order.at((i + m.order.n/3) % m.order.n)
	for n := range m.copies(key) {
		m.row(t, key, i, n+1)
	}
	if mix(m.seed+7, 2*i+uint64(m.side))%1_000_000 < keyless { //nolint:gosec // 0 or 1
		m.row(t, key, i, -1)
	}
}

func (m ties) chance(key uint64) uint64 { return mix(m.seed, key) % 1_000_000 }

// copies is how many further rows a key has on this side; every fourth of the doubled keys has two.
func (m ties) copies(key uint64) int {
	c := m.chance(key)
	if m.side == 0 && (c < differs || c >= doubledLeft) || m.side == 1 && (c < doubledLeft || c >= doubledRight) {
		return 0
	}
	return 1 + int(c%4/3) //nolint:gosec // 0 or 1
}

// row adds the row of a key: copy -1 is one without a key, 0 the key's own, others are copies of it, of which the second
// has another amount.
func (m ties) row(t table, key, at uint64, copied int) {
	c := m.chance(key)
	if m.side == 0 && c >= missingRight && c < missingLeft || m.side == 1 && c < missingRight {
		return
	}
	v := mix(m.seed+1, key)
	amount := int64(100 + v%999_900) //nolint:gosec // small
	currency := v >> 32 % uint64(len(currencies))
	if m.side == 1 && c >= missingLeft && c < differs {
		if c%5 == 0 {
			currency = (currency + 1) % uint64(len(currencies))
		} else {
			amount += 1 + int64(c)
		}
	}
	if copied == 2 {
		amount += 7
	}
	n := int64(at) //nolint:gosec // a number of rows
	t[0].addNumber(n*2 + int64(m.side))
	t[1].addNumber(firstRow + n*1000 + int64(v>>50))
	if copied < 0 {
		t[2].addNull()
	} else {
		t[2].addText(m.reference(key, c))
	}
	t[3].addText(statuses[v>>40%uint64(len(statuses))])
	t[4].addText(strconv.AppendUint([]byte(merchants[v>>44%uint64(len(merchants))]+" "), v>>48%5000, 10))
	t[5].addText(currencies[currency])
	t[6].addNumber(amount)
}

const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// reference is a text of 12 to 20 characters of which the first twelve are the key's number, scattered one to one over 60
// bits; a few are longer, or of another script.
func (m ties) reference(key, chance uint64) []byte {
	const mask = 1<<60 - 1
	x := (key*0x5851f42d4c957f2d + m.seed) & mask
	x ^= x >> 31
	x = x * 0x14057b7ef767814f & mask
	x ^= x >> 29
	out := make([]byte, 0, 64)
	for range 12 {
		out = append(out, alphabet[x&31])
		x >>= 5
	}
	tail := mix(m.seed+3, key)
	for range tail >> 50 % 9 {
		out = append(out, alphabet[tail&31])
		tail >>= 5
	}
	switch {
	case chance >= doubledRight && chance < longKey:
		out = append(out, "-of-a-batch-with-a-long-name-2026-11"...)
	case chance >= longKey && chance < otherScript:
		out = append(out, "-\u00e9\u53c2"...)
	}
	return out
}

package bank

import "math/big"

// sum adds minor units up without a bound. The zero sum is ready to use.
type sum struct{ n big.Int }

func (s *sum) add(minor int64) { s.n.Add(&s.n, big.NewInt(minor)) }
func (s *sum) sign() int       { return s.n.Sign() }
func (s *sum) cmp(o *sum) int  { return s.n.Cmp(&o.n) }
func (s *sum) String() string  { return s.n.String() }

// minor is the sum, where 64 bits hold it.
func (s *sum) minor() (int64, bool) { return s.n.Int64(), s.n.IsInt64() }

// less is s minus o.
func (s *sum) less(o *sum) *sum {
	out := new(sum)
	out.n.Sub(&s.n, &o.n)
	return out
}

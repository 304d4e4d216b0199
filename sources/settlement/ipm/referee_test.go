package ipm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"
)

// refereeSpec describes the elements of our test messages to another reader.
func refereeSpec() *iso8583.MessageSpec {
	text := func(length int, p prefix.Prefixer) field.Field {
		return field.NewString(&field.Spec{Length: length, Enc: encoding.ASCII, Pref: p})
	}
	fixed, ll, lll := prefix.ASCII.Fixed, prefix.ASCII.LL, prefix.ASCII.LLL
	return &iso8583.MessageSpec{Fields: map[int]field.Field{
		0: text(4, fixed),
		1: field.NewBitmap(&field.Spec{Length: 8, Enc: encoding.Binary, Pref: prefix.Binary.Fixed}),
		2: text(19, ll), 3: text(6, fixed), 4: text(12, fixed), 12: text(12, fixed), 24: text(3, fixed), 26: text(4, fixed),
		31: text(23, ll), 37: text(12, fixed), 38: text(6, fixed), 48: text(999, lll), 49: text(3, fixed), 63: text(999, lll),
		71: text(8, fixed), 94: text(11, ll),
	}}
}

// TestRefereeAgrees reads random records with moov-io/iso8583 too: both must see the same elements.
func TestRefereeAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	optional := []int{3, 12, 26, 31, 37, 38, 48, 63, 71, 94}
	for round := range 300 {
		elements := ipmtest.Presentment(rng.IntN(90_000))
		elements[48], elements[94] = ipmtest.PDS(165, "M")+ipmtest.PDS(25, fmt.Sprint(rng.IntN(1000))), fmt.Sprint(rng.IntN(1_000_000))
		for _, n := range optional {
			if rng.IntN(3) == 0 {
				delete(elements, n)
			}
		}
		var f ipmtest.File
		rec := f.Message("1240", elements)
		theirs := iso8583.NewMessage(refereeSpec())
		if err := theirs.Unpack(append([]byte(nil), rec...)); err != nil {
			t.Fatalf("round %d: the referee cannot read it: %v", round, err)
		}
		var ours message
		if err := ours.parse(latin1, rec); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for n := 3; n <= 128; n++ {
			want := ""
			if theirs.GetField(n) != nil && elements[n] != "" {
				want, _ = theirs.GetString(n)
			}
			if string(ours.element[n]) != want {
				t.Fatalf("round %d: element %d is %q, the referee reads %q", round, n, ours.element[n], want)
			}
		}
		pan, _ := theirs.GetString(2)
		if string(ours.maskedPAN()) != decode.MaskPAN(pan) {
			t.Fatalf("round %d: card masked as %s", round, ours.maskedPAN())
		}
	}
}

package ipm

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
	"github.com/moov-io/iso8583/sort"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"
)

// refereeSpec describes the elements of our test messages to another reader. Subelements are described as well: element 48 is
// a list of tags of four digits with lengths of three.
func refereeSpec() *iso8583.MessageSpec {
	text := func(length int, p prefix.Prefixer) field.Field {
		return field.NewString(&field.Spec{Length: length, Enc: encoding.ASCII, Pref: p})
	}
	fixed, ll, lll := prefix.ASCII.Fixed, prefix.ASCII.LL, prefix.ASCII.LLL
	tags := map[string]field.Field{}
	for _, tag := range refereeTags {
		tags[fmt.Sprintf("%04d", tag)] = text(999, lll)
	}
	private := field.NewComposite(&field.Spec{
		Length: 999, Pref: lll, Tag: &field.TagSpec{Length: 4, Enc: encoding.ASCII, Sort: sort.StringsByInt}, Subfields: tags,
	})
	return &iso8583.MessageSpec{Fields: map[int]field.Field{
		0: text(4, fixed),
		1: field.NewBitmap(&field.Spec{Length: 8, Enc: encoding.Binary, Pref: prefix.Binary.Fixed}),
		2: text(19, ll), 3: text(6, fixed), 4: text(12, fixed), 5: text(12, fixed), 6: text(12, fixed), 9: text(8, fixed), 12: text(12, fixed),
		22: text(12, fixed), 24: text(3, fixed), 25: text(4, fixed), 26: text(4, fixed), 30: text(24, fixed), 31: text(23, ll), 33: text(11, ll),
		37: text(12, fixed), 38: text(6, fixed), 41: text(8, fixed), 42: text(15, fixed), 43: text(99, ll), 48: private, 49: text(3, fixed),
		50: text(3, fixed), 51: text(3, fixed), 63: text(999, lll), 71: text(8, fixed), 72: text(999, lll), 93: text(11, ll), 94: text(11, ll), 95: text(10, ll),
	}}
}

// refereeTags are the subelements of the test messages.
var refereeTags = []int{23, 25, 26, 105, 122, 138, 146, 148, 149, 158, 159, 165, 280, 301, 306}

// randomFile is a file of messages of every kind, some elements there and some not.
func randomFile(rng *rand.Rand, n int) []byte {
	var f ipmtest.File
	f.Header()
	kinds := [][3]string{
		{"1240", "200", "000000"}, {"1240", "200", "200000"}, {"1240", "205", "000000"}, {"1240", "282", "000000"}, {"1442", "450", "000000"},
		{"1442", "451", "000000"}, {"1442", "453", "000000"}, {"1442", "454", "000000"}, {"1740", "700", "290000"}, {"1740", "783", "190000"},
		{"1644", "685", "000000"}, {"1644", "688", "000000"}, {"1644", "693", "000000"},
	}
	for i := range n {
		kind := kinds[rng.IntN(len(kinds))]
		m := ipmtest.Presentment(i)
		m[24], m[3] = kind[1], kind[2]
		for de, value := range (ipmtest.Elements{
			5: "000000001081", 6: "000000000870", 9: "61080000", 22: "51010151114C", 25: "4837", 30: fmt.Sprintf("%024d", i), 33: fmt.Sprint(rng.IntN(1_000_000)),
			41: "TERM 001", 42: "MERCHANT 000001", 43: "SHOP, STREET, DUBLIN", 72: strings.Repeat("free text ", rng.IntN(90)), 93: "1", 94: fmt.Sprint(i), 95: "0123456789",
		}) {
			if rng.IntN(2) == 0 {
				m[de] = value
			}
		}
		m[50], m[51] = "840", "826"
		var private strings.Builder
		for _, tag := range []int{23, 146, 148, 149, 158, 165} {
			if rng.IntN(2) == 0 {
				private.WriteString(ipmtest.PDS(tag, map[int]string{
					23: "CT6", 146: fee("00", "29", i, "840"), 148: "97828402", 149: "978840", 158: "MCC201000175261118" + "03", 165: "M",
				}[tag]))
			}
		}
		if m[48] = private.String(); m[48] == "" {
			delete(m, 48)
		}
		for _, de := range []int{2, 12, 26, 31, 37, 38, 63, 71} {
			if rng.IntN(4) == 0 {
				delete(m, de)
			}
		}
		if kind[0] == "1644" {
			delete(m, 4)
		}
		f.Add(kind[0], m)
	}
	f.Trailer()
	return f.Bytes()
}

// TestRefereeAgrees reads a whole random file with moov-io/iso8583 too, record by record: both must see the same elements,
// and the lines must say what they say.
func TestRefereeAgrees(t *testing.T) {
	data := randomFile(rand.New(rand.NewPCG(1, 2)), 2000)
	lines, s, err := decodeAll(data)
	if err != nil || s.Rejected != 0 {
		t.Fatalf("%v, %+v", err, s.Rejects)
	}
	in, blocked, err := open(content(data))
	if err != nil || blocked {
		t.Fatalf("blocked %v, %v", blocked, err)
	}
	records, spec := newRecordReader(in, blocked), refereeSpec()
	var ours message
	var sum int64
	for number := int64(1); ; number++ {
		rec, err := records.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		theirs := iso8583.NewMessage(spec)
		if err := theirs.Unpack(append([]byte(nil), rec...)); err != nil {
			t.Fatalf("record %d: the referee cannot read it: %v", number, err)
		}
		if err := ours.parse(latin1, rec); err != nil {
			t.Fatalf("record %d: %v", number, err)
		}
		refereeMessage(t, number, &ours, theirs)
		if len(lines) > 0 && lines[0].Record == number {
			sum += refereeLine(t, lines[0].Amount.Minor, theirs)
			if reference, _ := theirs.GetString(63); lines[0].Reference != reference {
				t.Errorf("record %d: reference %q, the referee reads %q", number, lines[0].Reference, reference)
			}
			lines = lines[1:]
		}
	}
	if len(lines) != 0 || s.Totals["computed sum of DE4"] != fmt.Sprint(sum) {
		t.Errorf("%d lines without a record; the referee's sum is %d, totals %v", len(lines), sum, s.Totals)
	}
}

func refereeLine(t *testing.T, minor int64, theirs *iso8583.Message) int64 {
	t.Helper()
	text, err := theirs.GetString(4)
	if want, ok := latin1.number([]byte(text)); err != nil || ok != nil || want != max(minor, -minor) {
		t.Errorf("amount %d, the referee reads %s", minor, text)
	}
	return max(minor, -minor)
}

func refereeMessage(t *testing.T, number int64, ours *message, theirs *iso8583.Message) {
	t.Helper()
	if mti, _ := theirs.GetMTI(); mti != fmt.Sprintf("%04d", ours.mti) {
		t.Fatalf("record %d: type %d, the referee reads %s", number, ours.mti, mti)
	}
	there := theirs.GetFields()
	for n := 3; n <= 128; n++ {
		_, ok := there[n]
		if ok != (ours.element[n] != nil) {
			t.Fatalf("record %d: element %d is there: %v, the referee says %v", number, n, !ok, ok)
		}
		if !ok || n == 48 {
			continue
		}
		if want, _ := theirs.GetString(n); string(ours.element[n]) != want {
			t.Fatalf("record %d: element %d is %q, the referee reads %q", number, n, ours.element[n], want)
		}
	}
	if err := ours.parsePDS(); err != nil {
		t.Fatal(err)
	}
	if private, ok := there[48].(*field.Composite); ok {
		refereeSubelements(t, number, ours, private)
	}
	pan, _ := theirs.GetString(2)
	if string(ours.maskedPAN()) != decode.MaskPAN(pan) {
		t.Fatalf("record %d: card masked as %s", number, ours.maskedPAN())
	}
}

func refereeSubelements(t *testing.T, number int64, ours *message, theirs *field.Composite) {
	t.Helper()
	there := theirs.GetSubfields()
	for _, tag := range refereeTags {
		slot := slotOf(tag)
		if slot < 0 {
			continue
		}
		f, ok := there[fmt.Sprintf("%04d", tag)]
		if ok != (ours.pds[slot] != nil) {
			t.Fatalf("record %d: subelement %d is there: %v, the referee says %v", number, tag, !ok, ok)
		}
		if !ok {
			continue
		}
		if want, _ := f.String(); string(ours.pds[slot]) != want {
			t.Fatalf("record %d: subelement %d is %q, the referee reads %q", number, tag, ours.pds[slot], want)
		}
	}
}

package ipm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"
)

func fileID(day, n int) string { return fmt.Sprintf("0012611%02d00000099999%05d", day, n) }

// several is a physical file of logical files, of 1, 2, 3 and so on presentments.
func several(n int, change func(i int, f *ipmtest.File)) []byte {
	var all ipmtest.File
	for i := range n {
		f := ipmtest.File{ID: fileID(18+i%3, i+1)}
		f.Header()
		for k := range i + 1 {
			f.Add("1240", ipmtest.Presentment(100*i+k))
		}
		change(i, &f)
		f.Trailer()
		all.Messages = append(all.Messages, f.Messages...)
	}
	return all.Bytes()
}

func asTheyAre(int, *ipmtest.File) {}

func TestSeveralLogicalFiles(t *testing.T) {
	lines, s, err := decodeAll(several(3, asTheyAre))
	if err != nil || len(lines) != 6 || s.Records != 12 || s.FileID != fileID(18, 1)+"+"+fileID(19, 2)+"+"+fileID(20, 3) {
		t.Fatalf("%d lines, %v, %+v", len(lines), err, s)
	}
	if !slices.Equal(s.BusinessDates, []string{"2026-11-18", "2026-11-19", "2026-11-20"}) {
		t.Errorf("business dates %v", s.BusinessDates)
	}
	if got := lines[5]; got.BusinessDate != "2026-11-20" || got.Record != 11 {
		t.Errorf("last line %+v", got)
	}
	if len(s.Totals) != 12 || s.Totals["stated messages of "+fileID(20, 3)] != "5" || s.Totals["computed sum of DE4 of "+fileID(19, 2)] != "2201" {
		t.Errorf("totals %v", s.Totals)
	}
}

func TestSeveralLogicalFilesEachAddUp(t *testing.T) {
	for _, tc := range []struct {
		name string
		data []byte
		want string
	}{
		{"sums that only add up together", several(2, func(i int, f *ipmtest.File) { f.Sum += int64(1 - 2*i) }), "record 3: PDS0301: control total does not agree: sum of DE4 stated as 1001, read as 1000"},
		{"second one wrong", several(2, func(i int, f *ipmtest.File) { f.Sum += int64(i) }), "record 7: PDS0301: control total does not agree: sum of DE4 stated as 2202, read as 2201"},
		{"one id", several(2, func(i int, f *ipmtest.File) {
			if i == 1 {
				f.Messages[0] = (&ipmtest.File{}).Message("1644", ipmtest.Elements{24: "697", 48: ipmtest.PDS(105, fileID(18, 1))})
			}
		}), "record 4: PDS0105: is the file id of an earlier logical file of this file"},
		{"too many", several(maxLogical+1, func(_ int, f *ipmtest.File) {
			f.Messages, f.Sum = f.Messages[:1], 0
		}), fmt.Sprintf("record %d: is the header of logical file 101, more than 100 are not read", 2*maxLogical+1)},
		{"last one cut", func() []byte { d := several(2, asTheyAre); return d[:len(d)-104] }(), "record 6: control total does not agree: the file ends here without a trailer (1644/695)"},
	} {
		if _, _, err := decodeAll(tc.data); err == nil || err.Error() != "decode m.ipm: "+tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.name, err, tc.want)
		}
	}
	if _, s, err := decodeAll(several(maxLogical, asTheyAre)); err != nil || strings.Count(s.FileID, "+") != maxLogical-1 {
		t.Errorf("%d logical files: %v", maxLogical, err)
	}
}

// TestAFileThatReversesAnother is marked in its header.
func TestAFileThatReversesAnother(t *testing.T) {
	var f ipmtest.File
	f.Add("1644", ipmtest.Elements{24: "697", 48: ipmtest.PDS(26, "R261117") + ipmtest.PDS(105, ipmtest.FileID)})
	f.Add("1240", ipmtest.Presentment(1))
	f.Trailer()
	lines, _, err := decodeAll(f.Bytes())
	if err != nil || len(lines) != 1 || !lines[0].Reversal || lines[0].Amount.Minor != -1001 {
		t.Errorf("%+v, %v", lines, err)
	}
}

func TestBusinessDateFromTheName(t *testing.T) {
	var f ipmtest.File
	f.ID = "no date"
	f.Header()
	f.Add("1240", ipmtest.Presentment(1))
	f.Trailer()
	_, s, err := decodeAll(f.Bytes())
	if err != nil || len(s.BusinessDates) != 0 {
		t.Errorf("%v, %v", s.BusinessDates, err)
	}
	s, err = Decode(content(f.Bytes()), "m-20261120.ipm", "mastercard", nothing)
	if err != nil || !slices.Equal(s.BusinessDates, []string{"2026-11-20"}) {
		t.Errorf("%v, %v", s.BusinessDates, err)
	}
	s, err = Decode(content(ipmtest.Good(1, false, false)), "m-20261120.ipm", "mastercard", nothing)
	if err != nil || !slices.Equal(s.BusinessDates, []string{"2026-11-18"}) {
		t.Errorf("the header's date is not taken: %v, %v", s.BusinessDates, err)
	}
}

func TestAdministrativeMessagesAreCounted(t *testing.T) {
	_, s, err := decodeAll(build(func(f *ipmtest.File) {
		for i, function := range []string{"680", "685", "685", "688", "693", "696", "696", "603", "999"} {
			f.Add("1644", ipmtest.Elements{24: function, 72: "hello", 71: fmt.Sprintf("%08d", i)})
		}
		f.Add("1644", ipmtest.Elements{72: "no function"})
	}))
	want := map[string]string{
		"messages 1644/680 file currency summary": "1", "messages 1644/685 financial position": "2", "messages 1644/688 settlement position": "1",
		"messages 1644/693 text": "1", "messages 1644/696 addendum": "2", "messages 1644/other": "3",
		"computed messages": "12", "stated messages": "12", "computed sum of DE4": "0", "stated sum of DE4": "0",
	}
	if err != nil || s.Admin != 10 || !maps.Equal(s.Totals, want) {
		t.Errorf("%v, %+v", err, s)
	}
}

// TestWhatTheNetworkRejected: a message exception, the message behind it, and the word that a whole file was rejected.
func TestWhatTheNetworkRejected(t *testing.T) {
	lines, s, err := decodeAll(build(func(f *ipmtest.File) {
		f.Add("1240", ipmtest.Presentment(1))
		f.Add("1644", ipmtest.Elements{24: "691", 48: ipmtest.PDS(138, "00000007")})
		f.Add("1240", ipmtest.Presentment(2))
		f.Add("1240", ipmtest.Presentment(3))
		f.Add("1644", ipmtest.Elements{24: "691"})
		f.Add("1644", ipmtest.Elements{24: "693"})
		f.Add("1240", ipmtest.Presentment(4))
		f.Add("1644", ipmtest.Elements{24: "699"})
		f.Add("1240", ipmtest.Presentment(5))
	}))
	want := []decode.Reject{
		{Line: 3, Reason: "the network rejected message 7 of a file that was sent to it (1644/691)"},
		{Line: 4, Reason: "the network rejected this message: it follows a message exception (1644/691)"},
		{Line: 6, Reason: "the network rejected a message that was sent to it (1644/691)"},
		{Line: 9, Reason: "the network rejected a file that was sent to it (1644/699)"},
	}
	if err != nil || len(lines) != 4 || !slices.Equal(s.Rejects, want) || s.Admin != 1 || s.Records != s.Lines+s.Rejected+s.Admin+2 {
		t.Errorf("%d lines, %v, %+v", len(lines), err, s)
	}
}

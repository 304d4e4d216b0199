package ddbjson_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/ddbjson"
)

// stricter are the reasons for which the scanner refuses what the client's decoder lets pass, in JSON that is well-formed.
// The client takes an answer without records, or without a body, for an empty page, the last of two equal members, any text
// for a number, a value of no type or of one that it does not know for the value before it, and a null in a set for an
// empty element.
var stricter = []string{
	"an answer without records", "records that are not a list", "not an object", "a member that is there twice", "an attribute that is there twice",
	"more than one value", "no value", "an unknown type of value", "not a string", "a number that is not written as a string", "a string that is not UTF-8",
	"half of a surrogate pair", "nested too deep", "missing", "not a number", "not a time",
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(body))
	f.Add(page(1))
	for _, c := range bodies {
		if len(c.body) < 1000 {
			f.Add([]byte(c.body))
		}
	}
	for _, v := range values {
		if len(v.in) < 1000 { // others only slow the fuzzer
			f.Add([]byte(recordWith(v.in)))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) { compare(t, body) })
}

// compare holds the scanner's reading of a body against the referee's.
func compare(t *testing.T, body []byte) {
	t.Helper()
	keys := []string{"pk"}
	ours, err := ddbjson.Records(body, keys)
	theirs, refused := sdk(body)
	var syntax *ddbjson.SyntaxError
	switch {
	case errors.As(err, &syntax):
		if refused == nil && json.Valid(body) && !slices.Contains(stricter, syntax.Reason) {
			t.Fatalf("refused, though the client's decoder takes it: %v\n%s", err, body)
		}
		return
	case err != nil:
		t.Fatal(err)
	case !json.Valid(body):
		t.Fatalf("taken, though it is no JSON\n%s", body)
	case refused != nil && len(ours.Faults) == 0:
		t.Fatalf("taken, though the client's decoder does not: %v\n%s", refused, body)
	case refused != nil:
		return
	}
	if next := theirs.NextShardIterator; (next == nil || *next == "") != (ours.Next == "") || next != nil && *next != ours.Next {
		t.Fatalf("next iterator %q\n%s", ours.Next, body)
	}
	if len(theirs.Records) != len(ours.Changes) {
		t.Fatalf("%d records, the client's decoder has %d\n%s", len(ours.Changes), len(theirs.Records), body)
	}
	faults := map[int]ddbjson.Fault{}
	for _, fault := range ours.Faults {
		faults[fault.Record-1] = fault
	}
	for i, got := range ours.Changes {
		want, err := decode(theirs.Records[i], keys)
		if fault, faulty := faults[i]; faulty {
			if err == nil && !slices.ContainsFunc(stricter, func(r string) bool { return strings.HasSuffix(fault.Reason, r) }) {
				t.Fatalf("%v, though the referee takes it\n%s", fault, body)
			}
			continue
		}
		if err != nil {
			t.Fatalf("record %d is taken, though the referee says %v\n%s", i+1, err, body)
		}
		if got.At.Sub(want.At).Abs() <= time.Second { // the client's decoder computes times in floating point
			want.At = got.At
		}
		if id := theirs.Records[i].UserIdentity; id == nil || id.Type == nil || id.PrincipalId == nil {
			want.ByTTL = got.ByTTL // the Developer Guide spells the names with a small letter, which the client does not know
		}
		if got != want {
			t.Fatalf("record %d\n got %+v\nwant %+v\n%s", i+1, got, want, body)
		}
		for _, image := range []interface {
			Absent() bool
			Canonical() bool
		}{got.Old, got.New} {
			if !image.Absent() && !image.Canonical() {
				t.Fatalf("not canonical: %s", image)
			}
		}
	}
}

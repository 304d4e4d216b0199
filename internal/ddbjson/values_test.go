package ddbjson_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"parallax/internal/ddbjson"
	"parallax/internal/record"
)

// recordWith is a page of one insert whose image has a value beside the key.
func recordWith(value string) string {
	return fmt.Sprintf(`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"100000000000000000001","ApproximateCreationDateTime":1732112000,`+
		`"Keys":{"pk":{"S":"k"}},"NewImage":{"pk":{"S":"k"},"v":%s}}}],"NextShardIterator":"n"}`, value)
}

// values are attribute values and what becomes of them; "" where the record is not taken, for the reason.
var values = []struct{ in, want, reason string }{
	{in: `{"S":""}`, want: `{"S":""}`},
	{in: `{"S":"a\u0022\\\/\b\f\n\r\t\u001f\u20ac\ud83d\ude00€😀"}`, want: `{"S":"a\"\\/\u0008\u000c\u000a\u000d\u0009\u001f€😀€😀"}`},
	{in: `{"S":"<&>` + "\u2028\u007f" + `"}`, want: `{"S":"<&>` + "\u2028\u007f" + `"}`},
	{in: `{"S":"\ud83d"}`, reason: "half of a surrogate pair"},
	{in: `{"S":"\ude00\ud83d"}`, reason: "half of a surrogate pair"},
	{in: ` { "S" : "x" } `, want: `{"S":"x"}`},
	{in: `{"\u0053":"x"}`, want: `{"S":"x"}`},
	{in: `{"S":null,"N":"1"}`, want: `{"N":"1"}`},
	{in: `{"S":"x","N":"1"}`, reason: "more than one value"},
	{in: `{"S":"x","S":"x"}`, reason: "more than one value"},
	{in: `{}`, reason: "no value"},
	{in: `null`, reason: "not an attribute value"},
	{in: `{"X":"x"}`, reason: "an unknown type of value"},
	{in: `{"s":"x"}`, reason: "an unknown type of value"},
	{in: `{"S":1}`, reason: "not a string"},
	{in: `"x"`, reason: "not an attribute value"},
	{in: `{"N":"-0.0"}`, want: `{"N":"0"}`},
	{in: `{"N":"-0"}`, want: `{"N":"0"}`},
	{in: `{"N":"1.50"}`, want: `{"N":"1.5"}`},
	{in: `{"N":"12.50e2"}`, want: `{"N":"1250"}`},
	{in: `{"N":"-0.5"}`, want: `{"N":"-0.5"}`},
	{in: `{"N":"00012"}`, want: `{"N":"12"}`},
	{in: `{"N":"1\u0030"}`, want: `{"N":"10"}`},
	{in: `{"N":"12345678901234567890123456789012345678"}`, want: `{"N":"12345678901234567890123456789012345678"}`},
	{in: `{"N":"-0.12345678901234567890123456789012345678"}`, want: `{"N":"-0.12345678901234567890123456789012345678"}`},
	{in: `{"N":"9.9999999999999999999999999999999999999E+125"}`, want: `{"N":"` + strings.Repeat("9", 38) + strings.Repeat("0", 88) + `"}`},
	{in: `{"N":"1E-130"}`, want: `{"N":"0.` + strings.Repeat("0", 129) + `1"}`},
	{in: `{"N":"1E999999999"}`, reason: "not a number"},
	{in: `{"N":"1E-999999999999999999999"}`, reason: "not a number"},
	{in: `{"N":"` + strings.Repeat("1", 201) + `"}`, reason: "not a number"},
	{in: `{"N":"NaN"}`, reason: "not a number"},
	{in: `{"N":""}`, reason: "not a number"},
	{in: `{"N":"-"}`, reason: "not a number"},
	{in: `{"N":"1."}`, want: `{"N":"1"}`},
	{in: `{"N":".5"}`, want: `{"N":"0.5"}`},
	{in: `{"N":"1 "}`, reason: "not a number"},
	{in: `{"N":5}`, reason: "a number that is not written as a string"},
	{in: `{"B":""}`, want: `{"B":""}`},
	{in: `{"B":"AP8="}`, want: `{"B":"AP8="}`},
	{in: `{"B":"AP9="}`, want: `{"B":"AP8="}`},
	{in: `{"B":"\/\/\/\/"}`, want: `{"B":"////"}`},
	{in: `{"B":"AP8"}`, reason: "not base64"},
	{in: `{"B":"AP-_"}`, reason: "not base64"},
	{in: `{"BOOL":false}`, want: `{"BOOL":false}`},
	{in: `{"BOOL":"false"}`, reason: "neither true nor false"},
	{in: `{"NULL":true}`, want: `{"NULL":true}`},
	{in: `{"SS":["b","a","é","\u0062b"]}`, want: `{"SS":["a","b","bb","é"]}`},
	{in: `{"SS":["b","a"]}`, want: `{"SS":["a","b"]}`},
	{in: `{"NS":["9","10"]}`, want: `{"NS":["10","9"]}`},
	{in: `{"SS":["a","b"]}`, want: `{"SS":["a","b"]}`},
	{in: `{"SS":["b","a","b"]}`, reason: "a set with an element twice"},
	{in: `{"SS":["\n","!"]}`, want: `{"SS":["\u000a","!"]}`},
	{in: `{"NS":["10","9","1.0"]}`, want: `{"NS":["1","10","9"]}`},
	{in: `{"NS":["1","1.0"]}`, reason: "a set with an element twice"},
	{in: `{"BS":["Ag==","AQ=="]}`, want: `{"BS":["AQ==","Ag=="]}`},
	{in: `{"SS":"a"}`, reason: "not a list"},
	{in: `{"SS":[null]}`, reason: "not a string"},
	{in: `{"L":[]}`, want: `{"L":[]}`},
	{in: `{"L":[{"S":"b"}, {"N":"1.0"},{"L":[{"NULL":true}]}]}`, want: `{"L":[{"S":"b"},{"N":"1"},{"L":[{"NULL":true}]}]}`},
	{in: `{"L":[null]}`, reason: "not an attribute value"},
	{in: `{"M":{}}`, want: `{"M":{}}`},
	{in: `{"M":{"b":{"S":"x"},"a":{"M":{"d":{"N":"1"},"c":{"N":"2"}}}}}`, want: `{"M":{"a":{"M":{"c":{"N":"2"},"d":{"N":"1"}}},"b":{"S":"x"}}}`},
	{in: `{"M":{"\n":{"S":"x"},"!":{"S":"x"},"\\":{"S":"x"},"Z":{"S":"x"}}}`, want: `{"M":{"\u000a":{"S":"x"},"!":{"S":"x"},"Z":{"S":"x"},"\\":{"S":"x"}}}`},
	{in: `{"M":{"abcdefgh2":{"S":"x"},"abcdefgh1":{"S":"x"},"abcdefgh":{"S":"x"},"ab":{"S":"x"}}}`, want: `{"M":{"ab":{"S":"x"},"abcdefgh":{"S":"x"},"abcdefgh1":{"S":"x"},"abcdefgh2":{"S":"x"}}}`},
	{in: `{"M":{"a":{"S":"x"},"\u0061":{"S":"x"}}}`, reason: "an attribute that is there twice"},
	{in: nest(32), want: nest(32)},
	{in: nest(33), want: nest(33)},
	{in: nest(34), reason: "nested too deep"},
	{in: nest(5000), reason: "nested too deep"},
	{in: `{"S":"` + strings.Repeat("é", 200_000) + `"}`, want: `{"S":"` + strings.Repeat("é", 200_000) + `"}`},
}

// nest is a string inside so many lists.
func nest(n int) string {
	return strings.Repeat(`{"L":[`, n) + `{"S":"x"}` + strings.Repeat(`]}`, n)
}

func TestValues(t *testing.T) {
	for _, c := range values {
		body := []byte(recordWith(c.in))
		in := c.in
		if len(in) > 80 {
			in = in[:80] + "..."
		}
		p, err := ddbjson.Records(body, []string{"pk"})
		if err != nil || len(p.Changes) != 1 {
			if c.reason == "nested too deep" && err != nil && strings.Contains(err.Error(), c.reason) {
				continue // so deep that it is not even passed over
			}
			t.Errorf("%s: %v", in, err)
			continue
		}
		if want := record.Image(`{"pk":{"S":"k"},"v":` + c.want + `}`); c.reason == "" && (p.Changes[0].New != want || len(p.Faults) > 0) {
			t.Errorf("%s: %.200s, %v", in, p.Changes[0].New, p.Faults)
		}
		if c.reason != "" && (len(p.Faults) != 1 || p.Faults[0].Field != "new image: attribute v" || p.Faults[0].Reason != c.reason) {
			t.Errorf("%s: faults %v, want %s", in, p.Faults, c.reason)
		}
		if c := p.Changes[0]; c.Seq != "100000000000000000001" || c.At.Unix() != 1732112000 {
			t.Errorf("%s: %+v", in, c)
		}
		compare(t, body)
	}
}

// An item may have 400 KB, in any mixture of types, and binary keys.
func TestLargeItems(t *testing.T) {
	raw := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00\xff\x10", 130_000)))
	body := []byte(recordWith(`{"B":"` + raw + `"}`))
	p, err := ddbjson.Records(body, []string{"pk"})
	if err != nil || len(p.Faults) > 0 || p.Changes[0].New.Text("v") != raw {
		t.Errorf("%v, %v", err, p.Faults)
	}
	compare(t, body)
}

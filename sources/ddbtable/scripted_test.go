package ddbtable_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"parallax/internal/lab/loopback"
	"parallax/sources/ddbtable"
)

// described is what DescribeTable says of a table with a string key, unless a test says otherwise.
const described = `{"Table":{"TableName":"idempotency-keys","ItemCount":3,"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}}`

// scripted is a server that answers every Scan, and every GetItem, with what a function makes of the request.
func scripted(t *testing.T, description string, answer func(in request) string) *ddbtable.Source {
	t.Helper()
	var mu sync.Mutex
	url, stop, err := loopback.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		in := request{op: strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		body := description
		if in.op != "DescribeTable" {
			body = answer(in)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprint(w, body)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := source(url)
	s.Segments, s.Retries = 1, 2
	return s
}

type request struct {
	op                     string
	ExclusiveStartKey, Key map[string]map[string]string
	ConsistentRead         bool
	Limit, TotalSegments   int
}

func (r request) start() string { return r.ExclusiveStartKey["pk"]["S"] }

// Empty pages in the middle of a table are no end: a filter or a range without items can make them.
func TestEmptyPagesAreNoEnd(t *testing.T) {
	asked := 0
	s := scripted(t, described, func(in request) string {
		if !in.ConsistentRead {
			t.Error("a read that is not consistent")
		}
		switch asked++; {
		case asked <= 30:
			return fmt.Sprintf(`{"Count":0,"ScannedCount":0,"Items":[],"LastEvaluatedKey":{"pk":{"S":"at %d"}}}`, asked)
		case in.start() != "at 30":
			t.Errorf("goes on from %q", in.start())
		}
		return `{"Count":1,"ScannedCount":1,"Items":[{"pk":{"S":"order-0000"}}]}`
	})
	read(t, s).whole(t, 1)
}

// Pages that go round in a circle end, with a gap.
func TestPagesInACircle(t *testing.T) {
	for _, length := range []int{1, 2, 7, 100} {
		asked := 0
		s := scripted(t, described, func(request) string {
			asked++
			return fmt.Sprintf(`{"Count":0,"Items":[],"LastEvaluatedKey":{"pk":{"S":"at %d"}}}`, asked%length)
		})
		read(t, s).gap(t, "came back")
		if asked > 4*length+2 {
			t.Errorf("circle of %d noticed after %d pages", length, asked)
		}
	}
}

// What is no answer of the service is never taken for an empty table.
func TestAnswersThatAreNone(t *testing.T) {
	for what, body := range map[string]string{
		"nothing":        ``,
		"HTML":           `<html><body>sign in</body></html>`,
		"another object": `{}`,
		"a list":         `[]`,
		"half":           `{"Count":1,"Items":[{"pk":{"S":"order-0000"}}`,
		"two":            `{"Count":0,"Items":[]}{"Count":0,"Items":[]}`,
		"no items":       `{"Count":1,"ScannedCount":1}`,
		"fewer":          `{"Count":2,"Items":[{"pk":{"S":"order-0000"}}]}`,
		"more":           `{"Count":0,"Items":[{"pk":{"S":"order-0000"}}]}`,
		"items twice":    `{"Count":0,"Items":[],"Items":[]}`,
	} {
		t.Run(what, func(t *testing.T) {
			asked := 0
			r := read(t, scripted(t, described, func(request) string { asked++; return body }))
			r.gap(t, "can't be used")
			if len(r.items) > 0 || asked != 3 {
				t.Errorf("%d items, asked %d times", len(r.items), asked)
			}
		})
	}
}

// An item that can't be decoded is a gap of its own; those around it are read.
func TestItemThatCannotBeUsed(t *testing.T) {
	s := scripted(t, described, func(in request) string {
		if in.start() == "" {
			return `{"Count":3,"Items":[{"pk":{"S":"order-0000"}},{"pk":{"S":"x"},"v":{"VEC":"1"}},{"pk":{"S":"y"},"v":{"N":"one"}}],"LastEvaluatedKey":{"pk":{"S":"y"}}}`
		}
		return `{"Count":1,"Items":[{"pk":{"S":"order-0001"}}]}`
	})
	r := read(t, s)
	if len(r.gaps) != 2 || len(r.items) != 2 {
		t.Fatalf("gaps %+v, items %v", r.gaps, r.items)
	}
	for _, g := range r.gaps {
		if !strings.Contains(g.Reason, "(1 items)") || strings.Contains(g.Reason, "one\"") || g.Remedy == "" {
			t.Errorf("%+v", g)
		}
	}
}

func TestThousandCausesAreBounded(t *testing.T) {
	asked := 0
	s := scripted(t, described, func(request) string {
		if asked++; asked == 1000 {
			return `{"Count":0,"Items":[]}`
		}
		return fmt.Sprintf(`{"Count":1,"Items":[{"pk":{"S":"x"},"a%d":{"N":"one"}}],"LastEvaluatedKey":{"pk":{"S":"at %d"}}}`, asked, asked)
	})
	r := read(t, s)
	if n := len(r.gaps); n != 21 || !strings.Contains(r.gaps[20].Reason, "(979 items)") {
		t.Errorf("%d gaps, the last %+v", n, r.gaps[n-1])
	}
}

// The cost of a page is taken from its size where the service does not tell.
func TestCostOfAPage(t *testing.T) {
	for body, want := range map[string]string{
		`{"Count":0,"Items":[]}`: "1",
		`{"Count":0,"Items":[],"ConsumedCapacity":{"TableName":"t","CapacityUnits":2.5}}`:               "2.5",
		`{"Count":1,"Items":[{"pk":{"S":"order-0000"},"a":{"S":"` + strings.Repeat("x", 5000) + `"}}]}`: "2",
	} {
		r := read(t, scripted(t, described, func(request) string { return body }))
		if got := r.extents[ddbtable.ExtentScan].Totals["read capacity units"]; got != want {
			t.Errorf("%.60s cost %s, want %s", body, got, want)
		}
	}
}

// A description that is of no use is a gap, not a panic.
func TestDescriptionsThatAreNone(t *testing.T) {
	for _, body := range []string{`{}`, `{"Table":{}}`, `<html>`, ``} {
		r := read(t, scripted(t, body, func(request) string { return `{"Count":0,"Items":[]}` }))
		if len(r.gaps) != 1 || len(r.extents) > 0 {
			t.Errorf("%q: gaps %+v, extents %v", body, r.gaps, r.extents)
		}
	}
}

package ddbtable_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parallax/internal/lab/globaltable"
	"parallax/internal/record"
)

func TestGet(t *testing.T) {
	l := newLab(t, 3)
	got, err := l.source.Get(t.Context(), window, []string{"order-0001", "none"})
	if err != nil || len(got.Gaps) > 0 || got.Units != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if m := got.Images["order-0001"]; m != `{"amount_minor":{"N":"1250"},"pk":{"S":"order-0001"}}` {
		t.Errorf("image %s", m)
	}
	if m, read := got.Images["none"]; !read || m != "" {
		t.Errorf("what is not there: %q, read %t", m, read)
	}
	if got.From.IsZero() || got.To.Before(got.From) {
		t.Errorf("read from %s to %s", got.From, got.To)
	}
	if none, err := l.source.Get(t.Context(), window, nil); err != nil || len(none.Images) > 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

// What could not be read is not taken for what is not there.
func TestGetThatFails(t *testing.T) {
	l := newLab(t, 40)
	keys := []string{}
	for i := range 40 {
		keys = append(keys, name(i))
	}
	l.faults("GetItem", "order-0007", 1, globaltable.Fault{Type: "ThrottlingException"})
	if got, err := l.source.Get(t.Context(), window, keys); err != nil || len(got.Images) != 40 || len(got.Gaps) > 0 {
		t.Errorf("throttled once: %+v, %v", got, err)
	}
	l.faults("GetItem", "order-0007", 100, globaltable.Fault{Type: "AccessDeniedException"})
	got, err := l.source.Get(t.Context(), window, keys)
	if _, read := got.Images["order-0007"]; read || err != nil || len(got.Images) != 39 || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Remedy, "dynamodb:GetItem") {
		t.Errorf("one refused: %+v, %v", got, err)
	}
	l.faults("DescribeTable", "", 100, globaltable.Fault{Type: "ResourceNotFoundException"})
	if got, err := l.source.Get(t.Context(), window, keys); err != nil || len(got.Images) > 0 || len(got.Gaps) != 1 {
		t.Errorf("no table: %+v, %v", got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if got, err := l.source.Get(ctx, window, keys); err == nil || len(got.Gaps) > 0 {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
}

// Keys of every form go back to the service as they came from it.
func TestGetByEveryFormOfKey(t *testing.T) {
	for _, c := range []struct{ schema, types, item, key string }{
		{`[{"AttributeName":"pk","KeyType":"HASH"}]`, "S", `{"pk":{"S":"a/b%2F"}}`, "a/b%2F"},
		{`[{"AttributeName":"pk","KeyType":"HASH"}]`, "N", `{"pk":{"N":"1.50"}}`, "1.5"},
		{`[{"AttributeName":"pk","KeyType":"HASH"}]`, "B", `{"pk":{"B":"//8="}}`, "//8="},
		{`[{"AttributeName":"sk","KeyType":"RANGE"},{"AttributeName":"pk","KeyType":"HASH"}]`, "S", `{"pk":{"S":"a/b%2F"},"sk":{"N":"-7"}}`, "a%2Fb%252F/-7"},
		{`[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]`, "B", `{"pk":{"B":"//8="},"sk":{"N":"3"}}`, "%2F%2F8=/3"},
	} {
		t.Run(c.key, func(t *testing.T) {
			description := fmt.Sprintf(`{"Table":{"KeySchema":%s,"AttributeDefinitions":[{"AttributeName":"sk","AttributeType":"N"},{"AttributeName":"pk","AttributeType":%q}]}}`, c.schema, c.types)
			var asked request
			s := scripted(t, description, func(in request) string {
				if asked = in; in.op == "Scan" {
					return `{"Count":1,"Items":[` + c.item + `]}`
				}
				return `{"Item":` + c.item + `}`
			})
			r := read(t, s)
			if _, there := r.items[c.key]; !there {
				t.Fatalf("scanned %v, gaps %v", r.items, r.gaps)
			}
			got, err := s.Get(t.Context(), window, []string{c.key})
			if err != nil || len(got.Gaps) > 0 || got.Images[c.key] != r.items[c.key] {
				t.Errorf("%+v, %v", got, err)
			}
			for attr, v := range asked.Key {
				for kind, text := range v {
					if a, _ := got.Images[c.key].Attr(attr); a != (record.Attr{Type: kind, Text: text}) {
						t.Errorf("asked for %v", asked.Key)
					}
				}
			}
		})
	}
}

// A wrong item, or a key that can't be one, is a gap.
func TestGetOfAnotherItem(t *testing.T) {
	s := scripted(t, described, func(request) string { return `{"Item":{"pk":{"S":"b"}}}` })
	if got, err := s.Get(t.Context(), window, []string{"a"}); err != nil || len(got.Images) > 0 || len(got.Gaps) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	s = scripted(t, described, func(request) string { return `{"Item":{"pk":{"S":"a"},"v":{"N":"one"}}}` })
	if got, err := s.Get(t.Context(), window, []string{"a"}); err != nil || len(got.Images) > 0 || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Reason, "can't be used") {
		t.Errorf("%+v, %v", got, err)
	}
	two := strings.Replace(described, `"KeySchema":[`, `"KeySchema":[{"AttributeName":"sk","KeyType":"RANGE"},`, 1)
	s = scripted(t, two, func(request) string { return `{}` })
	if got, err := s.Get(t.Context(), window, []string{"a"}); err != nil || len(got.Images) > 0 || len(got.Gaps) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Silence costs one timeout for each reader, not one for each key.
func TestGetFromASilentEndpoint(t *testing.T) {
	l := newLab(t, 40)
	l.source.Timeout = 300 * time.Millisecond
	var asked atomic.Int32
	l.cluster.Fault(func(_, op string, _ *http.Request) *globaltable.Fault {
		if op != "GetItem" {
			return nil
		}
		asked.Add(1)
		return &globaltable.Fault{Delay: time.Minute}
	})
	keys := []string{}
	for i := range 40 {
		keys = append(keys, name(i))
	}
	got, err := l.source.Get(t.Context(), window, keys)
	if err != nil || len(got.Images) > 0 || len(got.Gaps) != 1 || asked.Load() > 4 {
		t.Errorf("asked %d times: %+v, %v", asked.Load(), got, err)
	}
}

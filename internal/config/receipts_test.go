package config

import (
	"testing"
	"time"
)

// TestKeyTemplate: the keys a template makes fit its pattern, and give the payment back.
func TestKeyTemplate(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 23, 59, 0, 0, time.FixedZone("", -3600))
	for text, want := range map[string][2]string{
		"receipts/{created_at:YYYY/MM/DD}/{payment_id}.json": {"receipts/2026/11/21/pay_1+a.json", "receipts/2026/11/21/"},
		"{payment_id}": {"pay_1+a", ""},
		"r.{payment_id}/{created_at:YYYYMMDDThh}": {"r.pay_1+a/20261121T00", "r."},
	} {
		var k KeyTemplate
		if err := k.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(text, err)
		}
		key := k.Of("pay_1+a", at)
		m := k.Pattern().FindStringSubmatch(key)
		if key != want[0] || k.Prefix(at) != want[1] || len(m) != 2 || m[1] != "pay_1+a" {
			t.Errorf("%s: %s, %s, %v", text, key, k.Prefix(at), m)
		}
		if k.Pattern().MatchString(key+"x") && text != "{payment_id}" || k.Pattern().MatchString("x/"+key) {
			t.Errorf("%s: its pattern fits more than whole keys", text)
		}
	}
	for _, bad := range []string{
		"", "receipts/", "{payment_id}{payment_id}", "{payment}", "{payment_id", "payment_id}", "{payment_id}{created_at}", "{payment_id}{created_at:}",
		"{payment_id}{created_at:day}", "{payment_id}{created_at:YYYY{MM}}",
	} {
		if err := new(KeyTemplate).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

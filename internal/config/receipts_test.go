package config

import (
	"regexp"
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
		"{payment_id}{created_at:YYYY/1}", "{payment_id}{created_at:YYYY_2}", "{payment_id}{created_at:YYYYMM15}", "{payment_id}{created_at:YYYY.000}",
	} {
		if err := new(KeyTemplate).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestKeyPatternTakesThePaymentBack: of payments' ids of any form.
func TestKeyPatternTakesThePaymentBack(t *testing.T) {
	t.Parallel()
	var k KeyTemplate
	if err := k.UnmarshalText([]byte("r/{created_at:YYYY/MM}/{payment_id}.json")); err != nil {
		t.Fatal(err)
	}
	for pattern, right := range map[string]bool{
		`r/\d{4}/\d{2}/(?P<payment_id>[^/]+)\.json`:                    true,
		`^r/.*/(?P<payment_id>.+)\.json$`:                              true,
		`r/[0-9/]+/(?P<payment_id>[0-9a-f]{8}(-[0-9a-f]{4}){3})\.json`: true,
		`r/[0-9/]+/(?P<payment_id>PX[A-Z]*|\d+)\.json`:                 true,
		`r/[0-9/]+/(?P<payment_id>\p{Lu}+\.?)\.json`:                   true,
		`(?i)R/[0-9/]+/(?P<payment_id>[^/]+)\.JSON`:                    true,
		`r/\d{4}/\d{2}/(?P<payment_id>[^/]+)`:                          false,
		`r/\d{4}/(?P<payment_id>.+)\.json`:                             false,
		`r/\d{4}/\d{2}/pay_(?P<payment_id>\d+)\.json`:                  false,
		`r/\d{4}/\d{2}/(?P<payment_id>[^/]+)\.pdf`:                     false,
		`r/\d{4}/1\d/(?P<payment_id>[^/]+)\.json`:                      false,
		`2026/11/(?P<payment_id>[^/]+)\.json`:                          false,
	} {
		if why := keyPatternWrong(&k, regexp.MustCompile(pattern)); (why == "") != right {
			t.Errorf("%s: %q", pattern, why)
		}
	}
}

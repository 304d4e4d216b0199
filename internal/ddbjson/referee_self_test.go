package ddbjson_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/record"
)

func TestNumberHasOneForm(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "1.0": "1", "001": "1", "+5": "5", "-1.50": "-1.5", "1250": "1250", "12.50e2": "1250", "1E3": "1000",
		"1.25E-2": "0.0125", ".5": "0.5", "5.": "5", "0.00100e3": "1", "100": "100", "0e100": "0",
		"12345678901234567890123456789012345678":       "12345678901234567890123456789012345678",
		"0.12345678901234567890123456789012345678":     "0.12345678901234567890123456789012345678",
		"-9.9999999999999999999999999999999999999E+37": "-99999999999999999999999999999999999999",
	} {
		if got, err := number(in); err != nil || got != want {
			t.Errorf("number(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-", ".", "1.2.3", "1e", "e5", "NaN", "1e999999999", "--1", "-+1", "1_000", "0x10", "١"} {
		if got, err := number(in); err == nil {
			t.Errorf("number(%q) = %q, want an error", in, got)
		}
	}
}

func TestValuesHaveOneForm(t *testing.T) {
	deep := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
		"z": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberN{Value: "1.0"}, &types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberBOOL{Value: false},
		}},
		"a": &types.AttributeValueMemberSS{Value: []string{"y", "<x>"}},
	}}
	for _, c := range []struct {
		in   types.AttributeValue
		want record.Attr
	}{
		{&types.AttributeValueMemberS{Value: "a \"b\""}, record.Attr{Type: "S", Text: "a \"b\""}},
		{&types.AttributeValueMemberB{Value: []byte{0, 255}}, record.Attr{Type: "B", Text: "AP8="}},
		{&types.AttributeValueMemberBOOL{Value: true}, record.Attr{Type: "BOOL", Text: "true"}},
		{&types.AttributeValueMemberNULL{Value: true}, record.Attr{Type: "NULL", Text: "true"}},
		{&types.AttributeValueMemberNS{Value: []string{"20", "1e1", "3"}}, record.Attr{Type: "NS", Text: `["10","20","3"]`}},
		{&types.AttributeValueMemberBS{Value: [][]byte{{2}, {1}}}, record.Attr{Type: "BS", Text: `["AQ==","Ag=="]`}},
		{deep, record.Attr{Type: "M", Text: `{"a":{"SS":["<x>","y"]},"z":{"L":[{"N":"1"},{"NULL":true},{"BOOL":false}]}}`}},
		{&types.AttributeValueMemberL{}, record.Attr{Type: "L", Text: "[]"}},
	} {
		if got, err := attribute(c.in); err != nil || got != c.want {
			t.Errorf("got %+v, %v; want %+v", got, err, c.want)
		}
	}
	if _, err := attribute(&types.UnknownUnionMember{Tag: "X"}); err == nil {
		t.Error("an unknown type is accepted")
	}
	if _, err := attribute(&types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberN{Value: "x"}}}); err == nil {
		t.Error("a bad number inside a list is accepted")
	}
}

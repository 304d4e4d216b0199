package ddbjson_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/record"
)

// The plain way to a canonical text, by the SDK's types and through maps: the referee of the scanner.

// attribute puts a value into canonical text, so that equal values have equal text: numbers normalised, sets ordered,
// members sorted by name. Nested values are JSON in DynamoDB's own notation, {"S":"..."}.
func attribute(v types.AttributeValue) (record.Attr, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return record.Attr{Type: "S", Text: v.Value}, nil
	case *types.AttributeValueMemberN:
		n, err := number(v.Value)
		return record.Attr{Type: "N", Text: n}, err
	case *types.AttributeValueMemberB:
		return record.Attr{Type: "B", Text: base64.StdEncoding.EncodeToString(v.Value)}, nil
	case *types.AttributeValueMemberBOOL:
		return record.Attr{Type: "BOOL", Text: strconv.FormatBool(v.Value)}, nil
	case *types.AttributeValueMemberNULL:
		return record.Attr{Type: "NULL", Text: strconv.FormatBool(v.Value)}, nil
	case *types.AttributeValueMemberSS:
		return set("SS", v.Value, func(s string) (string, error) { return s, nil })
	case *types.AttributeValueMemberNS:
		return set("NS", v.Value, number)
	case *types.AttributeValueMemberBS:
		return set("BS", v.Value, func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(b), nil })
	case *types.AttributeValueMemberL:
		return list(v.Value)
	case *types.AttributeValueMemberM:
		return members(v.Value)
	default:
		return record.Attr{}, fmt.Errorf("unknown type of value")
	}
}

func set[T any](tag string, values []T, text func(T) (string, error)) (record.Attr, error) {
	out := make([]string, 0, len(values))
	for _, v := range values {
		s, err := text(v)
		if err != nil {
			return record.Attr{}, err
		}
		out = append(out, s)
	}
	slices.Sort(out)
	if len(slices.Compact(slices.Clone(out))) < len(out) {
		return record.Attr{}, fmt.Errorf("an element twice")
	}
	var js []byte
	for i, v := range out {
		js = record.AppendText(append(js, "[,"[min(i, 1)]), v)
	}
	return record.Attr{Type: tag, Text: array(js)}, nil
}

// array closes a list; one without elements has not been opened.
func array(elements []byte) string {
	if len(elements) == 0 {
		return "[]"
	}
	return string(elements) + "]"
}

func list(values []types.AttributeValue) (record.Attr, error) {
	var js []byte
	for i, v := range values {
		a, err := attribute(v)
		if err != nil {
			return a, fmt.Errorf("element %d: %w", i, err)
		}
		js = record.AppendAttr(append(js, "[,"[min(i, 1)]), a)
	}
	return record.Attr{Type: "L", Text: array(js)}, nil
}

func members(values map[string]types.AttributeValue) (record.Attr, error) {
	out := make(map[string]record.Attr, len(values))
	for name, v := range values {
		a, err := attribute(v)
		if err != nil {
			return a, fmt.Errorf("member %s: %w", name, err)
		}
		out[name] = a
	}
	return record.Attr{Type: "M", Text: string(record.NewImage(out))}, nil
}

// maxExponent bounds what a number may stretch to when written out; DynamoDB's own range is 1E-130 to 9.99E+125.
const maxExponent = 200

// number writes a decimal in one way: no exponent, no leading or trailing zeros, no sign on zero.
func number(text string) (string, error) {
	mantissa, exponent, err := splitNumber(text)
	if err != nil {
		return "", err
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	whole, frac, _ := strings.Cut(digits, ".")
	if whole+frac == "" || strings.Trim(whole+frac, "0123456789") != "" || len(whole)+len(frac) > maxExponent {
		return "", fmt.Errorf("not a number")
	}
	all := whole + frac
	point := len(whole) + exponent // where the decimal point stands in all
	if point < 0 {
		all, point = strings.Repeat("0", -point)+all, 0
	}
	if point > len(all) {
		all += strings.Repeat("0", point-len(all))
	}
	whole, frac = strings.TrimLeft(all[:point], "0"), strings.TrimRight(all[point:], "0")
	if whole == "" {
		whole = "0"
	}
	out := whole
	if frac != "" {
		out += "." + frac
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return out, nil
}

func splitNumber(text string) (mantissa string, exponent int, err error) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, nil
	}
	exponent, err = strconv.Atoi(text[i+1:])
	if err != nil || exponent > maxExponent || exponent < -maxExponent {
		return "", 0, fmt.Errorf("not a number")
	}
	return text[:i], exponent, nil
}

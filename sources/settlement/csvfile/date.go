package csvfile

import (
	"errors"
	"strings"
	"time"

	"parallax/sources/settlement/decode"
)

// dateLayout turns a form such as "DD.MM.YYYY hh:mm:ss" into a layout of the time package.
func dateLayout(form string) (string, error) {
	if !strings.Contains(form, "DD") || !strings.Contains(form, "MM") || !strings.Contains(form, "YY") {
		return "", errors.New("wants DD, MM and YYYY or YY, and for a time of day hh, mm and ss")
	}
	if strings.ContainsAny(form, "0123456789") {
		return "", errors.New("wants letters in the places of digits")
	}
	return strings.NewReplacer("YYYY", "2006", "YY", "06", "MM", "01", "DD", "02", "hh", "15", "mm", "04", "ss", "05").Replace(form), nil
}

// calendar reads dates and times as a profile describes them.
type calendar struct {
	layouts []string
	zone    *time.Location
}

func newCalendar(p Profile) (calendar, error) {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return calendar{}, err
	}
	c := calendar{zone: zone}
	for _, form := range p.Dates {
		layout, err := dateLayout(form)
		if err != nil {
			return calendar{}, err
		}
		c.layouts = append(c.layouts, layout)
	}
	return c, nil
}

// Times that carry no zone, by what parts the day from the hour.
const (
	plainT     = "2006-01-02T15:04:05.999999999"
	plainBlank = "2006-01-02 15:04:05.999999999"
)

// time returns a time in the zone it was written in, or in the profile's.
func (c calendar) time(text string) (time.Time, error) {
	for _, layout := range c.layouts {
		if t, err := time.ParseInLocation(layout, text, c.zone); err == nil {
			return t, nil
		}
	}
	layout := plainT
	if len(text) > len(time.DateOnly) && text[len(time.DateOnly)] == ' ' { // not tried in turn: an error costs more than a time
		layout = plainBlank
	}
	if t, err := time.ParseInLocation(layout, text, c.zone); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	return time.Time{}, errors.New("is not a time such as 2026-11-18T14:07:00Z")
}

// day returns the date of a date or of a time, as YYYY-MM-DD.
func (c calendar) day(text string) (string, error) {
	day, err := decode.ParseDate(text)
	if err == nil {
		return day, nil
	}
	if t, timeErr := c.time(text); timeErr == nil {
		return t.Format(time.DateOnly), nil
	}
	return "", err
}

package app

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"parallax/internal/calendar"
	"parallax/internal/config"
	"parallax/sources/settlement"
	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/unwrap"
	"parallax/sources/settlement/unwrap/pgp"
)

// fileFeed is what settlement feeds and bank statements have in common.
type fileFeed struct {
	name      string
	ledger    string // scope of the findings
	at        config.Delivery
	days      calendar.Calendar
	deliverBy time.Duration
}

func feedOf(f config.Settlement) fileFeed {
	return fileFeed{f.Name, f.Ledger, f.Delivery, f.Calendar.Days(), f.DeliverBy.Duration()}
}

// feedSource is the source of a feed's files; what decodes them is the caller's to say.
func (a *App) feedSource(ctx context.Context, f fileFeed, t task) (*settlement.Source, error) {
	known, err := a.knownFiles(ctx, f.name)
	if err != nil {
		return nil, err
	}
	place, err := a.placeOf(f.at)
	if err != nil {
		return nil, fmt.Errorf("feed %s: %w", f.name, err)
	}
	opener, err := openerOf(f.at)
	if err != nil {
		return nil, fmt.Errorf("feed %s: %w", f.name, err)
	}
	src := &settlement.Source{
		Feed: f.name, Ledger: f.ledger, Place: place, Unwrap: opener, Settle: f.at.Settle, Known: known, AsOf: t.asOf,
		Schedule: &settlement.Schedule{Calendar: f.days, DeliverBy: f.deliverBy, Files: f.at.FilesPerDay, From: string(f.at.From)},
	}
	if f.at.Sequence != nil {
		src.Sequence = &settlement.Sequence{Name: f.at.Sequence}
	}
	return src, nil
}

// placeOf is where the files of a feed come to.
func (a *App) placeOf(at config.Delivery) (delivery.Place, error) {
	switch {
	case strings.HasPrefix(at.Path, "s3://"):
		region := at.Region
		if region == "" {
			region = a.cfg.Regions[0]
		}
		return delivery.NewS3(a.aws.s3(region), at.Path, delivery.S3Limits{Timeout: a.cfg.AWS.Timeout, Retries: a.cfg.AWS.Retries})
	case strings.HasPrefix(at.Path, "sftp://"):
		login := delivery.SFTPLogin{KnownHosts: at.SFTP.KnownHosts}
		if at.SFTP.KeyFile != "" {
			key, err := os.ReadFile(at.SFTP.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("sftp.key_file: %w", err)
			}
			login.Key, login.Passphrase = key, []byte(at.SFTP.Password.Reveal())
		} else {
			login.Password = at.SFTP.Password.Reveal()
		}
		return delivery.NewSFTP(at.Path, login, delivery.SFTPLimits{Timeout: a.cfg.AWS.Timeout, Retries: a.cfg.AWS.Retries})
	default:
		return delivery.Folder(at.Path), nil
	}
}

// openerOf takes encryption and compression off the files of a feed.
func openerOf(at config.Delivery) (*unwrap.Opener, error) {
	limits := unwrap.Limits{Size: int64(at.MaxSizeMiB) << 20, Ratio: int64(at.MaxRatio)}
	if at.PGP.KeyFile == "" && at.PGP.VerifyFile == "" {
		return unwrap.New(nil, limits), nil
	}
	keys := pgp.Keys{Passphrase: []byte(at.PGP.Passphrase.Reveal())}
	for _, file := range []struct {
		setting, path string
		into          *[]byte
	}{{"key_file", at.PGP.KeyFile, &keys.Private}, {"verify_file", at.PGP.VerifyFile, &keys.Public}} {
		if file.path == "" {
			continue
		}
		data, err := os.ReadFile(file.path)
		if err != nil {
			return nil, fmt.Errorf("pgp.%s: %w", file.setting, err)
		}
		*file.into = data
	}
	decrypter, err := pgp.New(keys)
	if err != nil {
		return nil, fmt.Errorf("pgp: %w", err)
	}
	return unwrap.New(decrypter, limits), nil
}

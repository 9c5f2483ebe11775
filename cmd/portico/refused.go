package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/server"
	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/project"
)

// withRefused adds to the outcome of a check the operations that the gateway would refuse. Those that the check reports
// anyway are not repeated.
func withRefused(dir string, checked error) error {
	var found bindgen.Diagnostics
	if checked != nil && !errors.As(checked, &found) {
		return checked
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	report := &project.Report{}
	of, err := project.Read(root, report)
	if err != nil {
		return err
	}
	if report.Len() > 0 {
		return checked // the check has them
	}
	settings := config.Written(filepath.Join(root, "portico.yaml"))
	for _, front := range of.Frontends {
		refused, err := refusedOperations(front, settings.Of(front.Name))
		if err != nil {
			return err
		}
		found = append(found, refused...)
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// refusedOperations returns why the gateway would refuse operations of a frontend.
func refusedOperations(front *project.Frontend, settings config.Frontend) (found bindgen.Diagnostics, err error) {
	inputs, err := input.New(input.Config{Schema: front.API})
	if err != nil {
		return nil, err
	}
	costs := cost.New(front.API, settings.Cost.ListSize)
	documents, err := document.New(document.Config{
		Schema: front.API, Limits: server.DocumentLimits(settings.Limits), Inputs: inputs, Rules: []core.Rule{costs.Rule()},
	}, func(operation *ast.OperationDefinition, of *input.Operation, _ coordinate.Set) *cost.Formula {
		return costs.Formula(operation, of)
	})
	if err != nil {
		return nil, err
	}
	for _, source := range front.Operations {
		checked, mistakes := documents.Get(source.Input)
		for _, mistake := range mistakes {
			found = append(found, refused(source, mistake))
		}
		if mistakes != nil {
			continue
		}
		operation := checked.Operation("")
		if operation == nil {
			continue // a file with several is a mistake that the check reports
		}
		values, mistakes := operation.Inputs.Coerce(context.Background(), nil)
		if mistakes != nil {
			continue
		}
		if mistake := operation.Facts.Check(values); mistake != nil {
			found = append(found, refused(source, mistake))
			continue
		}
		if points := operation.Facts.Requested(values); points > settings.Cost.Max {
			at := operation.Definition.Position
			found = append(found, project.Diagnostic{File: source.Name, Line: at.Line, Column: at.Column,
				Message: fmt.Sprintf("the operation could cost %v points, of which cost.max allows %v", points, settings.Cost.Max),
				Fix:     "ask for less, or raise frontend.cost.max in portico.yaml"})
		}
	}
	return found, nil
}

func refused(source *ast.Source, mistake *gqlerror.Error) project.Diagnostic {
	d := project.Diagnostic{File: source.Name, Line: 1, Column: 1, Message: "the gateway would refuse this: " + mistake.Message}
	if len(mistake.Locations) > 0 {
		d.Line, d.Column = mistake.Locations[0].Line, mistake.Locations[0].Column
	}
	return d
}

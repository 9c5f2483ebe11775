package schemadiff

// Level is how severe a change is.
type Level int

// The levels.
const (
	Safe      Level = iota // what callers send and read goes on to work
	Dangerous              // operations stay valid, but their results may surprise clients
	Breaking               // operations or values that were valid are errors, or results lack what they had
)

// String returns "safe", "dangerous" or "breaking".
func (l Level) String() string {
	switch l {
	case Breaking:
		return "breaking"
	case Dangerous:
		return "dangerous"
	default:
		return "safe"
	}
}

// Code names a kind of change. Codes are stable: scripts may match them.
type Code string

// Kind is a kind of change.
type Kind struct {
	Code  Code
	Level Level
	// Means describes what changed, for the documentation.
	Means string
	// Affects describes which operations are affected; empty for safe changes.
	Affects string
}

// Kinds returns all kinds of changes, the most severe first.
func Kinds() []Kind {
	return append(append(breaking(), dangerous()...), safe()...)
}

// The codes.
const (
	FrontendRemoved               Code = "frontend-removed"
	RootTypeRemoved               Code = "root-type-removed"
	RootTypeChanged               Code = "root-type-changed"
	TypeRemoved                   Code = "type-removed"
	TypeKindChanged               Code = "type-kind-changed"
	FieldRemoved                  Code = "field-removed"
	FieldTypeChanged              Code = "field-type-changed"
	ArgumentRemoved               Code = "argument-removed"
	ArgumentTypeChanged           Code = "argument-type-changed"
	ArgumentMadeRequired          Code = "argument-made-required"
	RequiredArgumentAdded         Code = "required-argument-added"
	InputFieldRemoved             Code = "input-field-removed"
	InputFieldTypeChanged         Code = "input-field-type-changed"
	InputFieldMadeRequired        Code = "input-field-made-required"
	RequiredInputFieldAdded       Code = "required-input-field-added"
	OneOfAdded                    Code = "one-of-added"
	EnumValueRemoved              Code = "enum-value-removed"
	UnionMemberRemoved            Code = "union-member-removed"
	InterfaceRemoved              Code = "interface-removed"
	DirectiveRemoved              Code = "directive-removed"
	DirectiveLocationRemoved      Code = "directive-location-removed"
	DirectiveRepeatableRemoved    Code = "directive-repeatable-removed"
	DirectiveArgumentRemoved      Code = "directive-argument-removed"
	DirectiveArgumentTypeChanged  Code = "directive-argument-type-changed"
	DirectiveArgumentMadeRequired Code = "directive-argument-made-required"
	RequiredDirectiveArgument     Code = "required-directive-argument-added"
	AuthenticationRequired        Code = "authentication-required"
	ScopesRequired                Code = "scopes-required"
	PolicyRequired                Code = "policy-required"
	ConstraintNarrowed            Code = "constraint-narrowed"
	GlobalIDChanged               Code = "global-id-changed"
	SlicingArgumentRequired       Code = "slicing-argument-required"

	EnumValueAdded                  Code = "enum-value-added"
	UnionMemberAdded                Code = "union-member-added"
	InterfaceAdded                  Code = "interface-added"
	ArgumentDefaultChanged          Code = "argument-default-changed"
	InputFieldDefaultChanged        Code = "input-field-default-changed"
	DirectiveArgumentDefaultChanged Code = "directive-argument-default-changed"
	ScalarSpecificationChanged      Code = "scalar-specification-changed"
	CostRaised                      Code = "cost-raised"
	ListSizeRaised                  Code = "list-size-raised"
	RateLimitTightened              Code = "rate-limit-tightened"

	FrontendAdded                Code = "frontend-added"
	RootTypeAdded                Code = "root-type-added"
	TypeAdded                    Code = "type-added"
	FieldAdded                   Code = "field-added"
	FieldTypeNarrowed            Code = "field-type-narrowed"
	ArgumentAdded                Code = "argument-added"
	ArgumentTypeWidened          Code = "argument-type-widened"
	InputFieldAdded              Code = "input-field-added"
	InputFieldTypeWidened        Code = "input-field-type-widened"
	OneOfRemoved                 Code = "one-of-removed"
	DirectiveAdded               Code = "directive-added"
	DirectiveLocationAdded       Code = "directive-location-added"
	DirectiveRepeatableAdded     Code = "directive-repeatable-added"
	DirectiveArgumentAdded       Code = "directive-argument-added"
	DirectiveArgumentTypeWidened Code = "directive-argument-type-widened"
	RightsRelaxed                Code = "rights-relaxed"
	ConstraintWidened            Code = "constraint-widened"
	SlicingArgumentOptional      Code = "slicing-argument-optional"
	CostLowered                  Code = "cost-lowered"
	ListSizeLowered              Code = "list-size-lowered"
	RateLimitRelaxed             Code = "rate-limit-relaxed"
	CacheControlChanged          Code = "cache-control-changed"
	Deprecated                   Code = "deprecated"
	DeprecationRemoved           Code = "deprecation-removed"
	DeprecationChanged           Code = "deprecation-changed"
	DescriptionChanged           Code = "description-changed"
)

func breaking() []Kind {
	const (
		selecting = "operations that select the field"
		giving    = "operations that give the argument"
		writing   = "operations that give the input field"
		lacking   = "operations that do not give it, or give a variable that may be null"
		using     = "operations that use the directive"
	)
	return []Kind{
		{FrontendRemoved, Breaking, "a frontend was removed", "all operations"},
		{RootTypeRemoved, Breaking, "the root type of mutations or subscriptions was removed", "operations of that kind"},
		{RootTypeChanged, Breaking, "queries, mutations or subscriptions have another root type", "operations of that kind"},
		{TypeRemoved, Breaking, "a type was removed", "operations that name the type or select its fields"},
		{TypeKindChanged, Breaking, "a type has another kind, such as an enum that became a scalar", "operations that name the type, or use values of it"},
		{FieldRemoved, Breaking, "a field was removed, or is `@inaccessible` now; also a deprecated one", selecting},
		{FieldTypeChanged, Breaking, "a field returns another type, or is nullable", selecting},
		{ArgumentRemoved, Breaking, "an argument was removed", giving},
		{ArgumentTypeChanged, Breaking, "an argument takes another type", giving},
		{ArgumentMadeRequired, Breaking, "an argument became non-null, or lost its default", lacking},
		{RequiredArgumentAdded, Breaking, "a field has a new required argument", selecting},
		{InputFieldRemoved, Breaking, "an input field was removed", writing},
		{InputFieldTypeChanged, Breaking, "an input field takes another type", writing},
		{InputFieldMadeRequired, Breaking, "an input field became non-null, or lost its default", lacking},
		{RequiredInputFieldAdded, Breaking, "an input type has a new required field", "operations that give the input type"},
		{OneOfAdded, Breaking, "an input type takes exactly one field (`@oneOf`)", "operations that give the input type"},
		{EnumValueRemoved, Breaking, "a value of an enum was removed", "operations that give the value"},
		{UnionMemberRemoved, Breaking, "a type is no longer a member of a union", "operations with a fragment of the type in the union"},
		{InterfaceRemoved, Breaking, "a type no longer implements an interface", "operations with a fragment of one in the other"},
		{DirectiveRemoved, Breaking, "a directive of operations was removed", using},
		{DirectiveLocationRemoved, Breaking, "a directive is no longer valid in a location", "operations that use it there"},
		{DirectiveRepeatableRemoved, Breaking, "a directive is no longer repeatable", using},
		{DirectiveArgumentRemoved, Breaking, "an argument of a directive was removed", giving},
		{DirectiveArgumentTypeChanged, Breaking, "an argument of a directive takes another type", giving},
		{DirectiveArgumentMadeRequired, Breaking, "an argument of a directive became non-null, or lost its default", lacking},
		{RequiredDirectiveArgument, Breaking, "a directive has a new required argument", using},
		{AuthenticationRequired, Breaking, "a field requires an authenticated caller (`@authenticated` at it, or at a type)", selecting},
		{ScopesRequired, Breaking, "a field requires scopes that it did not require (`@requiresScopes`)", selecting},
		{PolicyRequired, Breaking, "a field requires policies that it did not require (`@policy`)", selecting},
		{ConstraintNarrowed, Breaking, "valid values became invalid (`@constraint`)", "operations that give a variable, or an invalid value"},
		{GlobalIDChanged, Breaking, "an argument or an input field takes other ids (`@globalID`)", "operations that give it"},
		{SlicingArgumentRequired, Breaking, "operations must give the length of a list (`@listSize`)", selecting},
	}
}

func dangerous() []Kind {
	const (
		selecting = "operations that select the field"
		receiving = "operations that select a field that returns the type"
		lacking   = "operations that do not give it"

		ofInterface = "operations that select a field whose type is the interface"
	)
	return []Kind{
		{EnumValueAdded, Dangerous, "an enum has a new value, which clients may not know", receiving},
		{UnionMemberAdded, Dangerous, "a union has a new member, whose objects clients may not know", receiving},
		{InterfaceAdded, Dangerous, "a type implements one more interface, whose fields may return its objects", ofInterface},
		{ArgumentDefaultChanged, Dangerous, "an argument has another default, a new one, or none", lacking},
		{InputFieldDefaultChanged, Dangerous, "an input field has another default, a new one, or none", lacking},
		{DirectiveArgumentDefaultChanged, Dangerous, "an argument of a directive has another default, a new one, or none", lacking},
		{ScalarSpecificationChanged, Dangerous, "a scalar follows another specification (`@specifiedBy`)", "operations that select or give values of the type"},
		{CostRaised, Dangerous, "a field, a type or an argument costs more (`@cost`), so limits reject operations earlier", "operations that use it"},
		{ListSizeRaised, Dangerous, "a list is assumed to be longer (`@listSize`, or `@constraint` of `first`), which costs more", selecting},
		{RateLimitTightened, Dangerous, "a field may be requested less often, or has a limit now (`@rateLimit`)", selecting},
	}
}

func safe() []Kind {
	return []Kind{
		{FrontendAdded, Safe, "a frontend is new", ""},
		{RootTypeAdded, Safe, "a root type of mutations or subscriptions was added", ""},
		{TypeAdded, Safe, "a type is new", ""},
		{FieldAdded, Safe, "a field is new", ""},
		{FieldTypeNarrowed, Safe, "a field became non-null", ""},
		{ArgumentAdded, Safe, "a field has a new optional argument", ""},
		{ArgumentTypeWidened, Safe, "an argument is nullable", ""},
		{InputFieldAdded, Safe, "an input type has a new optional field", ""},
		{InputFieldTypeWidened, Safe, "an input field is nullable", ""},
		{OneOfRemoved, Safe, "an input type takes any number of its fields", ""},
		{DirectiveAdded, Safe, "a directive of operations is new", ""},
		{DirectiveLocationAdded, Safe, "a directive is valid in one more location", ""},
		{DirectiveRepeatableAdded, Safe, "a directive is repeatable", ""},
		{DirectiveArgumentAdded, Safe, "a directive has a new optional argument", ""},
		{DirectiveArgumentTypeWidened, Safe, "an argument of a directive is nullable", ""},
		{RightsRelaxed, Safe, "a field requires fewer rights", ""},
		{ConstraintWidened, Safe, "invalid values became valid (`@constraint`)", ""},
		{SlicingArgumentOptional, Safe, "operations no longer need to give the length of a list (`@listSize`)", ""},
		{CostLowered, Safe, "a field, a type or an argument costs less (`@cost`)", ""},
		{ListSizeLowered, Safe, "a list is assumed to be shorter (`@listSize`)", ""},
		{RateLimitRelaxed, Safe, "a field may be requested more often (`@rateLimit`)", ""},
		{CacheControlChanged, Safe, "answers are cached differently (`@cacheControl`)", ""},
		{Deprecated, Safe, "a field, an argument, an input field or a value is deprecated", ""},
		{DeprecationRemoved, Safe, "it is no longer deprecated", ""},
		{DeprecationChanged, Safe, "the deprecation reason changed", ""},
		{DescriptionChanged, Safe, "a description changed; shown with `-v`", ""},
	}
}

"""Canonical tables about people: customers, their families, their objections."""

import pandera.pandas as pa

from schemas.columns import Day, Kind, Text, decides, item, key, link, one_of


class CanonicalTable(pa.DataFrameModel):
    """A table as the whole system knows it, whatever the shop's own system calls it."""

    class Config:
        """Column order is part of the contract; nothing is coerced or dropped."""

        strict = True
        ordered = True
        unique_column_names = True


class Customers(CanonicalTable):
    """One row per customer number of the shop."""

    customer_id: Text = key("顧客番号")
    kind: Text = decides(
        Kind.CODE, "個人・法人の別", nullable=False, **one_of(["individual", "corporate"])
    )
    merged_into_customer_id: Text = decides(Kind.IDENTIFIER, "統合先の顧客番号")
    name: Text = item("1.name", Kind.TEXT, "氏名", nullable=False)
    name_kana: Text = item("1.name", Kind.TEXT, "フリガナ")
    sex: Text = item("1.sex", Kind.CODE, "性別", **one_of(["male", "female", "other"]))
    postal_code: Text = item("1.address", Kind.POSTAL_CODE, "郵便番号")
    address: Text = item("1.address", Kind.TEXT, "住所")
    phone: Text = item("1.phone", Kind.PHONE, "電話番号")
    mobile_phone: Text = item("1.phone", Kind.PHONE, "携帯電話番号")
    fax: Text = item("1.fax", Kind.PHONE, "FAX番号")
    email: Text = item("1.email", Kind.EMAIL, "メールアドレス")
    birth_on: Day = item("1.birth_date", Kind.DAY, "生年月日")
    replacement_intent: Text = item("1.replacement_intent", Kind.FREE_TEXT, "買替等の意向")
    occupation: Text = item("1.occupation", Kind.FREE_TEXT, "職業・職種")


class FamilyMembers(CanonicalTable):
    """One row per member of a customer's family."""

    family_member_id: Text = key("家族番号")
    customer_id: Text = link("顧客番号", to="customers")
    linked_customer_id: Text = decides(Kind.IDENTIFIER, "本人の顧客番号")
    relation: Text = item("1.family", Kind.FREE_TEXT, "続柄")
    name: Text = item("1.family", Kind.TEXT, "家族氏名")
    birth_on: Day = item("1.family", Kind.DAY, "家族生年月日")


class Objections(CanonicalTable):
    """One row per objection; what cannot be read here is read as the widest refusal."""

    objection_id: Text = key("申し出番号")
    customer_id: Text = link("顧客番号", to="customers")
    scope: Text = decides(Kind.CODE, "申し出の範囲")
    partner: Text = decides(Kind.CODE, "共同利用者")
    purpose: Text = decides(Kind.CODE, "利用目的")
    received_on: Day = decides(Kind.DAY, "受付日")
    effective_on: Day = decides(Kind.DAY, "効力発生日")
    lifted_on: Day = decides(Kind.DAY, "撤回日")
    channel: Text = decides(Kind.TEXT, "受付方法")
